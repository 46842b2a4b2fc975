import { once } from "node:events"
import * as fs from "node:fs"
import * as net from "node:net"
import { describe, expect, it } from "vitest"
import { countSockets, socketStates } from "../../src/chaos/osSockets.js"

describe("the operating system's count of sockets", () => {
  it("has both ends of a connection, no listener, and neither end when they are closed", async () => {
    const before = countSockets()
    const established = socketStates()?.["established"] ?? 0
    const server = net.createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    expect(countSockets()).toBe(before)
    const client = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1")
    const [accepted] = await once(server, "connection") as [net.Socket]
    await once(client, "connect")
    expect(countSockets()).toBe(before === undefined ? undefined : before + 2)
    expect((socketStates()?.["established"] ?? 0) - established).toBe(before === undefined ? 0 : 2)
    const closed = [once(client, "close"), once(accepted, "close")]
    client.destroy()
    accepted.destroy()
    await Promise.all(closed)
    server.close()
    expect(countSockets()).toBe(before)
    expect(before === undefined).toBe(!fs.existsSync("/proc/self/net/tcp"))
  })
})
