import type { CloseCause, Connection } from "@connection-pool/core/Connection"
import * as net from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as NodeConnector from "../src/NodeConnector.js"
import { insidePoll, startThreadServer, type ThreadServer } from "./support/otherThread.js"
import { Recorder, request } from "./support/recorder.js"

let server: ThreadServer

beforeAll(async () => {
  server = await startThreadServer()
})
afterAll(() => server.stop())

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

const idleConnection = async (): Promise<{ connection: Connection; closes: Array<CloseCause> }> => {
  const socket = net.connect(server.port, "127.0.0.1")
  await new Promise((resolve) => socket.once("connect", resolve))
  const connection = NodeConnector.fromSocket(socket)
  const closes: Array<CloseCause> = []
  connection.onClose((cause) => closes.push(cause))
  const recorder = new Recorder()
  connection.send(request(), recorder)
  await recorder.done
  expect(recorder.end?.reusable).toBe(true)
  await nextTurn()
  return { closes, connection }
}

describe("C5 while the event loop was blocked", () => {
  it.each(
    [
      ["ended", "end", "closed"],
      ["reset", "reset", "closed"],
      ["wrote on", "bytes", "poisoned"]
    ] as const
  )("the peer %s the idle connection: checkIdle says no", async (_, what, cause) => {
    const { closes, connection } = await idleConnection()
    const usable = await insidePoll(server, () => {
      server.meanwhile(what)
      return new Promise<boolean>((resolve) => connection.checkIdle(resolve))
    })
    expect(usable).toBe(false)
    expect(closes).toEqual([cause])
  })

  it("no turn of immediates, or one, would not have been enough", async () => {
    const { closes } = await idleConnection()
    const seen = await insidePoll(server, () => {
      server.meanwhile("end")
      const atOnce = closes.length
      return new Promise<ReadonlyArray<number>>((resolve) =>
        setImmediate(() => {
          const afterOne = closes.length
          setImmediate(() => resolve([atOnce, afterOne, closes.length]))
        })
      )
    })
    expect(seen).toEqual([0, 0, 1])
  })

  it("nothing happened to the idle connection: checkIdle says yes", async () => {
    const { closes, connection } = await idleConnection()
    const usable = await insidePoll(server, () => {
      server.meanwhile("nothing")
      return new Promise<boolean>((resolve) => connection.checkIdle(resolve))
    })
    expect(usable).toBe(true)
    expect(closes).toEqual([])
    connection.close()
  })

  it("the peer ended it in the turn of its answer, which was a long one: checkIdle says no", async () => {
    const socket = net.connect(server.port, "127.0.0.1")
    await new Promise((resolve) => socket.once("connect", resolve))
    const connection = NodeConnector.fromSocket(socket)
    const recorder = new Recorder()
    const usable = await new Promise<boolean>((resolve) => {
      recorder.onEndDo = () => {
        const started = performance.now()
        server.meanwhile("end")
        while (performance.now() - started < 25);
        connection.checkIdle(resolve)
      }
      connection.send(request(), recorder)
    })
    expect(usable).toBe(false)
  })

  it("one check of many connections costs two turns, and finds the ones that were closed", async () => {
    const idle: Array<Awaited<ReturnType<typeof idleConnection>>> = []
    for (let i = 0; i < 20; i++) idle.push(await idleConnection())
    const results = await insidePoll(server, () => {
      server.meanwhile("end")
      return Promise.all(
        idle.map(({ connection }) => new Promise<boolean>((resolve) => connection.checkIdle(resolve)))
      )
    })
    expect(results).toEqual(idle.map((_, index) => index < 19))
    for (const { connection } of idle) connection.close()
  })
})
