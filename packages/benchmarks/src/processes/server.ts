// The process of the server.
import { RawServer } from "../rawServer.js"
import type { FromServer, ToServer } from "../server.js"
import { workloads } from "../workloads.js"
import { answer } from "./answer.js"

await answer<ToServer, FromServer>(async () => {
  const server = new RawServer(workloads)
  const port = await server.listen()
  return () => ({ port, ...server.take() })
})
