// Good answers that are not plain ones: each has to arrive.
import * as zlib from "node:zlib"
import { header } from "../messages.js"
import type { Fault } from "./fault.js"
import { reset } from "./fault.js"

export const oddities: ReadonlyArray<Fault> = [
  {
    name: "interim answers",
    allows: [],
    act: ({ answer, random, response }) => {
      for (let i = random.between(1, 5); i > 0; i--) response.writeProcessing()
      answer()
    }
  },
  {
    name: "connection: close",
    allows: [],
    act: ({ answer, response }) => {
      response.setHeader("connection", "close")
      answer()
    }
  },
  {
    name: "a hint how long it keeps idle connections",
    allows: [],
    act: ({ answer, random, response }) => {
      response.setHeader("keep-alive", `timeout=${random.between(1, 3)}`)
      answer()
    }
  },
  {
    name: "a body that ends with the connection",
    allows: [],
    act: ({ body, head, socket }) => void socket.end(head("connection: close") + body.toString("latin1"))
  },
  {
    name: "an answer byte by byte",
    allows: [],
    act: ({ after, body, head, socket }) => {
      const text = head(`content-length: ${body.length}`, "connection: close")
      const go = (at: number): void => {
        if (at === text.length) return void socket.end(body)
        socket.write(text[at]!)
        after(0, () => go(at + 1))
      }
      go(0)
    }
  },
  {
    name: "closes behind the answer",
    allows: [],
    act: ({ after, answer, random, response, socket }) => {
      answer()
      response.once("finish", () => after(random.below(3), () => socket.end()))
    }
  },
  {
    name: "resets behind the answer",
    // A reset may overtake the end of what was sent.
    allows: ["ConnectionLost"],
    act: ({ answer, response, socket }) => {
      answer()
      response.once("finish", () => reset(socket))
    }
  },
  {
    name: "answers before the upload has come",
    allows: [],
    early: true,
    act: ({ answer, request }) => {
      answer()
      request.resume()
    }
  },
  {
    name: "a compressed body, where one may be",
    allows: [],
    act: ({ answer, body, request, response }) => {
      if (!String(request.headers["accept-encoding"]).includes("gzip")) return answer()
      const packed = zlib.gzipSync(body)
      response.writeHead(200, {
        [header.id]: request.headers[header.id],
        "content-encoding": "gzip",
        "content-length": packed.length
      })
      response.end(packed)
    }
  }
]
