// What the simulation says of a pool that breaks the port's contract, or the pool's own. Here the test is such a pool.
import type { ExchangeObserver, WireRequest } from "@connection-pool/core/Connection"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { bodyOf } from "../src/simulation/bodies.js"
import type { SimulatedConnection } from "../src/simulation/connection.js"
import { Ledger, SimulatedRequest } from "../src/simulation/ledger.js"
import { Network } from "../src/simulation/network.js"
import { Random } from "../src/simulation/random.js"
import { World } from "../src/simulation/world.js"

const origin = "http://origin0.test:8080"
const quietly: ExchangeObserver = {
  onHead: () => {},
  onBody: () => {},
  onEnd: () => {},
  onFailure: () => {},
  onDrain: () => {}
}

const setting = async (limits = { maxConnections: 8, maxConnectionsPerOrigin: 8 }) => {
  const world = new World(new Random(1))
  const ledger = new Ledger(world)
  const network = new Network(world, ledger, { tick: 1, rate: 0, longestClose: 0, ...limits })
  const rest = () => world.rest(() => {})
  /** A connection that the pool has taken over. */
  const open = async (): Promise<SimulatedConnection> => {
    const target = {
      origin: { href: origin } as never,
      tls: undefined,
      noDelay: true,
      tcpKeepAliveDelay: 1,
      maxHeaderSize: 1
    }
    let opened: SimulatedConnection | undefined
    world.fork(Effect.map(network.connector.connect(target), (connection) => {
      opened = connection as SimulatedConnection
    }))
    await rest()
    const connection = opened!
    connection.onClose(() => {})
    return connection
  }
  const wire = (id: string, given: Partial<SimulatedRequest> = {}): WireRequest => {
    const method = given.method ?? "GET"
    if (!ledger.requests.has(id)) {
      ledger.begin(
        new SimulatedRequest({
          id,
          method,
          idempotent: method === "GET",
          streamed: false,
          size: 0,
          holder: id,
          onMoment: () => {},
          ...given
        })
      )
    }
    const body = given.streamed ? { contentLength: given.size } : undefined
    return {
      method,
      target: `/${id}`,
      authority: "origin0.test:8080",
      headers: ["x-id", id, "x-turn", "first"],
      body,
      keepAlive: true
    }
  }
  const check = async (connection: SimulatedConnection) => {
    connection.checkIdle(() => {})
    await rest()
  }
  return { world, ledger, network, rest, open, wire, check }
}

describe("the simulated network says", () => {
  it("when a connection is used unchecked", async () => {
    const { open, wire, world } = await setting()
    const connection = await open()
    connection.send(wire("r1"), quietly)
    expect(world.problem).toBe("connection 0 was idle and is used for r1 unchecked")
  })

  it("when a connection is used after it was closed", async () => {
    const { check, open, wire, world } = await setting()
    const connection = await open()
    await check(connection)
    connection.close()
    connection.send(wire("r1"), quietly)
    expect(world.problem).toBe("connection 0 send after it was closed")
  })

  it("when a connection is given two exchanges at once", async () => {
    const { check, open, wire, world } = await setting()
    const connection = await open()
    await check(connection)
    connection.send(wire("r1"), quietly)
    connection.send(wire("r2"), quietly)
    expect(world.problem).toBe("connection 0 is given a second exchange")
  })

  it("when a request that has left is sent again though it is not idempotent", async () => {
    const { check, ledger, open, rest, wire, world } = await setting()
    const [first, second] = [await open(), await open()]
    await check(first)
    first.send(wire("r0"), quietly)
    await rest()
    await check(first)
    first.send(wire("r1", { method: "POST" }), quietly)
    await rest()
    Object.assign(ledger.requests.get("r1")!.attempts[0]!, { lost: true, answered: false })
    await check(second)
    expect(world.problem).toBeUndefined()
    second.send(wire("r1", { method: "POST" }), quietly)
    expect(world.problem).toBe("r1 was sent again though it is not idempotent and had left")
  })

  it("when a request is sent again though its first connection was fresh", async () => {
    const { check, ledger, open, rest, wire, world } = await setting()
    const [first, second] = [await open(), await open()]
    await check(first)
    first.send(wire("r1"), quietly)
    await rest()
    Object.assign(ledger.requests.get("r1")!.attempts[0]!, { lost: true, answered: false })
    await check(second)
    second.send(wire("r1"), quietly)
    expect(world.problem).toBe("r1 was sent again though its first connection was fresh")
  })

  it("when a request that is idempotent is sent a third time, and not the second time", async () => {
    const { check, ledger, open, rest, wire, world } = await setting()
    const first = await open()
    await check(first)
    first.send(wire("r0"), quietly)
    await rest()
    for (const connection of [first, await open(), await open()]) {
      expect(world.problem).toBeUndefined()
      await check(connection)
      connection.send(wire("r1"), quietly)
      await rest()
      Object.assign(ledger.requests.get("r1")!.attempts.at(-1)!, { lost: true, answered: false })
    }
    expect(world.problem).toBe("r1 was sent again a third time")
  })

  it("when a body is not the request's own, or too short", async () => {
    for (
      const [bytes, problem] of [
        [bodyOf("r2", 40), "connection 0 got a body for r1 that is not its own"],
        [bodyOf("r1", 39), "connection 0 got 39 bytes of 40 for r1"]
      ] as const
    ) {
      const { check, open, wire, world } = await setting()
      const connection = await open()
      await check(connection)
      connection.send(wire("r1", { method: "PUT", streamed: true, size: 40 }), quietly)
      connection.write(bytes)
      connection.endBody()
      expect(world.problem).toBe(problem)
    }
  })

  it("when there are more connections than the limits allow", async () => {
    const { open, world } = await setting({ maxConnections: 1, maxConnectionsPerOrigin: 8 })
    await open()
    expect(world.problem).toBeUndefined()
    await open()
    expect(world.problem).toBe("2 connections are open")
  })

  it("when a connection is left open", async () => {
    const { network, open, world } = await setting()
    await open()
    network.checkEnd()
    expect(world.problem).toBe("connection 0 is open after the end")
  })
})

describe("the simulated world says", () => {
  it("when a fiber dies", async () => {
    const { rest, world } = await setting()
    world.fork(Effect.zipRight(Effect.sleep(5), Effect.dieMessage("broken")))
    await rest()
    expect(world.problem).toContain("a fiber died")
  })

  it("when something goes round in circles", async () => {
    const { rest, world } = await setting()
    world.fork(Effect.forever(Effect.sleep(1)))
    await rest()
    expect(world.problem).toContain("does not come to rest")
  })

  it("when something is logged that is an error", async () => {
    const { rest, world } = await setting()
    world.fork(Effect.logError("broken"))
    await rest()
    expect(world.problem).toContain("ERROR logged: broken")
  })
})
