import { once } from "node:events"
import * as http from "node:http"
import type { AddressInfo } from "node:net"

/** A server on loopback, for as long as `use` takes. */
export const withServer = async (
  listener: http.RequestListener,
  use: (url: string, server: http.Server) => Promise<void>
): Promise<void> => {
  const server = http.createServer(listener).listen(0, "127.0.0.1")
  await once(server, "listening")
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** A URL that nobody listens to: no port of the range from which another test may be given one meanwhile. */
export const deserted = "http://127.0.0.1:9"
