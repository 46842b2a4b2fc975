// The process of the server.
import { RawServer } from "../rawServer.js"
import type { FromServer, ToServer } from "../server.js"
import { workloads } from "../workloads.js"
import { answer } from "./answer.js"

await answer<ToServer, FromServer>(async () => {
  const server = new RawServer(workloads)
  return async (question) => {
    const ports: Array<number> = []
    switch (question.type) {
      case "listen":
        for (let i = 0; i < question.ports; i++) ports.push(await server.listen(question.certificate))
        return { ports, held: server.held, requests: 0, connections: 0 }
      case "take":
        return { ports, held: server.held, ...server.take() }
      case "held":
        return { ports, held: server.held, requests: 0, connections: 0 }
      case "release":
        return { ports, held: server.release(), requests: 0, connections: 0 }
    }
  }
})
