// More bytes than the answer has. Those that come in one piece with it must never reach anybody.
import type { Fault } from "./fault.js"
import { giveUp } from "./fault.js"

/** An answer to a request that nobody has sent. */
const toNobody = "HTTP/1.1 200 OK\r\nx-id: nobody\r\ncontent-length: 6\r\n\r\nnobody"

const behindTheAnswer = (name: string, surplus: string): Fault => ({
  name,
  allows: [],
  act: ({ after, body, head, socket }) => {
    socket.write(head(`content-length: ${body.length}`) + body.toString("latin1") + surplus, "latin1")
    after(giveUp, () => socket.destroy())
  }
})

export const surplus: ReadonlyArray<Fault> = [
  behindTheAnswer("another answer behind the answer", toNobody),
  behindTheAnswer("garbage behind the answer", "\u0000\u00ff\u00fe"),
  behindTheAnswer("half an answer behind the answer", toNobody.slice(0, 30))
]
