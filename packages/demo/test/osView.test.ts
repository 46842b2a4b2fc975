import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import * as dgram from "node:dgram"
import { once } from "node:events"
import * as fs from "node:fs"
import * as net from "node:net"
import { describe, expect, it } from "vitest"
import { settle } from "../src/eventLoop.js"
import * as OsView from "../src/osView.js"

describe("the operating system's view", () => {
  it("shows a socket and a handle that were not there before", async () => {
    const before = OsView.look()
    const server = net.createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const open = OsView.look()
    expect(OsView.newSockets(before, open)).toBe(fs.existsSync("/proc/self/fd") ? 1 : undefined)
    expect(OsView.newResources(before, open)).toMatchObject({ TCPServerWrap: 1 })
    server.close()
    await once(server, "close")
    await Effect.runPromise(settle)
    expect(OsView.newSockets(before, OsView.look())).toBe(fs.existsSync("/proc/self/fd") ? 0 : undefined)
    expect(OsView.newResources(before, OsView.look())).not.toHaveProperty("TCPServerWrap")
  })

  it("does not show the sockets that are pipes to other processes, or those of name look-ups", async () => {
    const before = OsView.look()
    const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], { stdio: "pipe" })
    const udp = dgram.createSocket("udp4").bind(0, "127.0.0.1")
    await Promise.all([once(child, "spawn"), once(udp, "listening")])
    expect(OsView.newSockets(before, OsView.look())).toBe(fs.existsSync("/proc/self/fd") ? 0 : undefined)
    udp.close()
    child.stdin.end()
    await once(child, "exit")
  })

  it("knows nothing where there is no /proc", () => {
    const view = { ...OsView.look(), sockets: undefined }
    expect(OsView.newSockets(view, view)).toBeUndefined()
  })
})
