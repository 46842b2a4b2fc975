// Answers that are none.
import type { Fault, Scene } from "./fault.js"
import { endings, giveUp } from "./fault.js"

const refused = ["ProtocolError"] as const

/** The client has to close; if it does not, this side does in the end. */
const say = ({ after, socket }: Scene, ...bytes: ReadonlyArray<string | Buffer>): void => {
  for (const piece of bytes) socket.write(piece)
  after(giveUp, () => socket.destroy())
}

/** Past every limit of header bytes, and no more than a socket takes at once. */
const flood = 64 * 1024

export const nonsense: ReadonlyArray<Fault> = [
  {
    name: "garbage for an answer",
    allows: refused,
    act: (scene) => say(scene, Buffer.from(Array.from({ length: 200 }, () => scene.random.between(128, 255))))
  },
  {
    name: "garbage, and closes",
    // A letter that an answer may begin with, and the end.
    allows: ["ProtocolError", "ConnectionLost"],
    act: (scene) => {
      scene.socket.write(scene.random.pick(["H", "HTTP/1.1 ", "GET / HTTP/1.1\r\n\r\n", "\r\n\r\n", "220 mail\r\n"]))
      scene.after(0, () => scene.random.pick(endings)(scene.socket))
    }
  },
  {
    name: "garbage for a chunk size",
    allows: refused,
    act: (scene) => say(scene, `${scene.head("transfer-encoding: chunked")}4\r\n${scene.some}\r\nxyz\r\n`)
  },
  {
    name: "two content-lengths",
    allows: refused,
    act: (scene) => say(scene, `${scene.head("content-length: 4", "content-length: 5")}${scene.some}!`)
  },
  {
    name: "a flood of headers",
    allows: refused,
    act: (scene) => say(scene, scene.head("content-length: 0", ...Array.from({ length: flood / 64 }, headerLine)))
  },
  {
    name: "a flood of interim answers",
    allows: refused,
    act: (scene) => say(scene, "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n".repeat(flood / 48))
  },
  {
    name: "another protocol, unasked",
    allows: refused,
    act: (scene) => say(scene, "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
  },
  {
    name: "a body that is too large",
    allows: ["ResponseTooLarge"],
    act: (scene) => say(scene, `${scene.head("content-length: 1000000000")}${scene.some}`)
  }
]

const headerLine = (_: unknown, index: number): string => `x-${index}: ${"flood".repeat(11)}`
