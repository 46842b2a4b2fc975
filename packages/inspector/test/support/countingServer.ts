import { Effect } from "effect"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

/** A server on loopback that counts; what it is asked for is there, but for `/missing`. */
export const countingServer = Effect.acquireRelease(
  Effect.promise(async () => {
    let connections = 0
    let requests = 0
    let bytes = 0
    const server = createServer((request, response) => {
      requests++
      const body = `${requests} ${request.url}`
      bytes += body.length
      response.writeHead(request.url === "/missing" ? 404 : 200, { "content-length": body.length }).end(body)
    })
    server.on("connection", () => connections++)
    await once(server.listen(0, "127.0.0.1"), "listening")
    const { port } = server.address() as AddressInfo
    return { counts: () => ({ connections, requests, bytes }), origin: `http://127.0.0.1:${port}`, server }
  }),
  ({ server }) =>
    Effect.promise(async () => {
      server.closeAllConnections()
      await once(server.close(), "close")
    })
)
