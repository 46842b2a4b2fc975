// A process that hands bytes through, to be killed: what it stands in front of knows what came.
import * as net from "node:net"
import { answer } from "../processes/answer.js"

const [port, to] = process.argv.slice(2).map(Number)

/** Tells the port. */
await answer<unknown, number>(async () => {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const other = net.connect({ host: "127.0.0.1", port: to!, allowHalfOpen: true, noDelay: true })
    for (const [one, two] of [[socket, other], [other, socket]] as const) {
      one.pipe(two)
      one.on("error", () => two.destroy())
      one.on("close", () => two.destroy())
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, "127.0.0.1", resolve)
  })
  return () => (server.address() as net.AddressInfo).port
})
