// The process of the server.
import { RawServer } from "../rawServer.js"
import type { FromServer, ToServer } from "../server.js"
import { workloads } from "../workloads.js"
import { answer } from "./answer.js"

await answer<ToServer, FromServer>(async () => {
  const server = new RawServer(workloads)
  const listen = async (question: Extract<ToServer, { readonly type: "listen" }>): Promise<ReadonlyArray<number>> => {
    const ports: Array<number> = []
    for (let i = 0; i < question.ports; i++) ports.push(await server.listen(question.certificate))
    return ports
  }
  return async (question) => {
    switch (question.type) {
      case "listen":
        return { numbers: await listen(question) }
      case "take": {
        const { connections, requests } = server.take()
        return { numbers: [requests, connections] }
      }
      case "hold":
        server.hold()
        return { numbers: [] }
      case "held":
        return { numbers: [server.held] }
      case "release":
        return { numbers: [server.release()] }
      case "idleEnds":
        return { numbers: server.takeIdleEnds() }
    }
  }
})
