// The machine by itself: what a request costs it beside few connections and beside many, and what it costs to give up.
import { bench, describe } from "vitest"
import { PoolMachine } from "../../src/machine/poolMachine.js"

const key = "http://server.test:80"

/** A machine whose dials have succeeded: so many idle connections, of which none is ever due. */
const withIdle = (connections: number) => {
  const limits = {
    maxConnections: connections,
    maxIdle: connections,
    minIdle: 0,
    idleTimeout: Infinity,
    maxLifetime: Infinity,
    maxRequests: Infinity,
    unusedAfter: Infinity
  }
  const machine = new PoolMachine({ maxConnections: 200_000, maxWaiting: 200_000, scheduling: "lifo" })
  const request = (): number => {
    const waiter = machine.nextWaiter
    for (const command of machine.requested(0, key, limits, Infinity)) {
      if (command._tag === "Grant") {
        machine.delivered(waiter)
        return command.connection
      }
      if (command._tag === "Connect") {
        machine.connected(0, command.connection, 0, 1)
        machine.delivered(waiter)
        return command.connection
      }
    }
    return NaN
  }
  const taken = Array.from({ length: connections }, request)
  for (const connection of taken) machine.released(0, connection, true, Infinity)
  return { machine, limits, request }
}

describe("a request, from asking to the release, beside idle connections", () => {
  for (const connections of [10, 1_000, 10_000, 100_000]) {
    const { machine, request } = withIdle(connections)
    bench(`${connections}`, () => {
      machine.released(0, request(), true, Infinity)
    })
  }
})

describe("a thousand waiters come and give up, beside others that wait", () => {
  for (const others of [0, 1_000, 100_000]) {
    const { limits, machine, request } = withIdle(1)
    request()
    const ask = (): number => {
      const waiter = machine.nextWaiter
      machine.requested(0, key, limits, Infinity)
      return waiter
    }
    for (let i = 0; i < others; i++) ask()
    bench(`${others}`, () => {
      const waiters = Array.from({ length: 1_000 }, ask)
      for (const waiter of waiters) machine.cancelled(0, waiter)
    })
  }
})
