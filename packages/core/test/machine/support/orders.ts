/** Carries the machine's orders out in a ledger, and holds each against the laws. */
import type { CloseReason, Command, RejectReason } from "../../../src/machine/command.js"
import type { Connection } from "./fact.js"
import { idleUntil, leases } from "./fact.js"
import { fail, hold } from "./hold.js"
import type { Ledger } from "./ledger.js"
import { mayClose, mayReject } from "./reasons.js"
import { without } from "./without.js"

const connect = (ledger: Ledger, id: number, key: string): void => {
  const name = `connect ${id}`
  hold(id === ledger.connections.length, "L7", `${name}: not a new number`)
  hold(!ledger.draining, "L8", `${name}: draining`)
  hold(ledger.open(key) < ledger.keyLimits(key).maxConnections, "L1", `${name}: ${key} is full`)
  hold(ledger.open() < ledger.limits.maxConnections, "L1", `${name}: the pool is full`)
  const forWarmUp = ledger.fact._tag === "warmUpRequested" || ledger.count("connecting", key) >= ledger.demand(key)
  if (ledger.fact._tag === "warmUpRequested") {
    hold(ledger.open(key) < ledger.fact.connections || ledger.lacksIdle(key), "L9", `${name}: more than was asked for`)
  } else {
    const connecting = ledger.count("connecting", key)
    hold(connecting < ledger.demand(key) || ledger.lacksIdle(key), "L9", `${name}: nobody of ${key} needs it`)
    hold(connecting === 0 || !ledger.failing.has(key), "L9", `${name}: ${key} fails, and dials twice at a time`)
  }
  const connection: Connection = {
    id,
    key,
    forWarmUp,
    phase: "connecting",
    established: false,
    carries: 1,
    granted: [],
    delivered: 0,
    served: 0,
    spent: false,
    idleSince: 0,
    idleLimit: Infinity,
    expiresAt: Infinity
  }
  ledger.connections.push(connection)
  ledger.here.add(connection)
}

const grant = (ledger: Ledger, waiter: number, id: number): void => {
  const name = `grant ${waiter} -> ${id}`
  const ask = ledger.asks[waiter]
  const connection = ledger.connections[id]
  if (ask === undefined || connection === undefined) return fail("L6", `${name}: nobody knows them`)
  hold(ask.state === "waiting", "L6", `${name}: the request is ${ask.state}`)
  hold(ask.key === connection.key, "L6", `${name}: another key's connection`)
  hold(connection.phase === "open", "L6", `${name}: the connection is ${connection.phase}`)
  hold(!connection.spent, "L4", `${name}: the connection must not be used again`)
  hold(leases(connection) < connection.carries, "L4", `${name}: the connection carries enough`)
  hold(ledger.queueOf(ask)[0] === waiter, "L6", `${name}: out of turn`)
  const justOpened = ledger.fact._tag === "connected" && ledger.fact.id === id
  if (ask.fresh) {
    hold(justOpened, "L6", `${name}: the connection is not fresh`)
  } else {
    hold(!justOpened || ledger.queue(ask.key, true).length === 0, "L6", `${name}: somebody takes no other`)
  }
  if (leases(connection) === 0 && !ask.fresh) {
    for (const other of ledger.here) {
      const shared = other.key === ask.key && leases(other) > 0 && ledger.hasRoom(other)
      hold(!shared, "L6", `${name}: ${other.id} could be shared`)
    }
    const idle = ledger.idle.filter((one) => one.key === ask.key)
    const next = ledger.limits.scheduling === "lifo" ? idle[idle.length - 1] : idle[0]
    hold(next === connection, "L6", `${name}: ${next?.id} is next`)
    const late = idleUntil(connection) <= ledger.now || connection.expiresAt <= ledger.now
    const { fact } = ledger
    const justNow = fact._tag === "released" && fact.id === id ||
      fact._tag === "cancelled" && ledger.asks[fact.waiter]!.connection === id
    if ("now" in fact && !justNow) hold(!late, "L10", `${name}: the connection should be closed by now`)
  }
  if ("now" in ledger.fact) hold(ask.deadline > ledger.now, "L10", `${name}: the request has timed out`)
  without(ledger.idle, connection)
  ledger.queueOf(ask).shift()
  connection.granted.push(waiter)
  ask.state = "granted"
  ask.connection = id
}

const reject = (ledger: Ledger, waiter: number, reason: RejectReason): void => {
  const name = `reject ${waiter} ${reason}`
  const ask = ledger.asks[waiter]
  if (ask === undefined) return fail("L6", `${name}: nobody knows it`)
  if (ask.state === "granted" && ledger.fact._tag === "drainTimedOut") {
    without(ledger.connections[ask.connection]!.granted, waiter)
  } else {
    hold(ask.state === "waiting", "L6", `${name}: the request is ${ask.state}`)
  }
  hold(mayReject(ledger, ask, reason), "L6", `${name}: no reason for that`)
  without(ledger.queueOf(ask), waiter)
  ask.state = "rejected"
}

const close = (ledger: Ledger, id: number, reason: CloseReason): void => {
  const name = `close ${id} ${reason}`
  const connection = ledger.connections[id]
  if (connection === undefined) return fail("L7", `${name}: nobody knows it`)
  const { fact } = ledger
  if (connection.phase === "closing" && fact._tag === "connected" && fact.id === id) return
  const { phase } = connection
  hold(phase === "connecting" || phase === "open", "L7", `${name}: it is ${phase}`)
  const cut = fact._tag === "drainTimedOut" || reason === "drain" && phase === "connecting"
  hold(cut || leases(connection) === 0, "L4", `${name}: it is in use`)
  hold(mayClose(ledger, connection, reason), "L7", `${name}: no reason for that`)
  if (reason === "idle_timeout") ledger.outlived(connection)
  without(ledger.idle, connection)
  connection.phase = "closing"
}

const forget = (ledger: Ledger, key: string): void => {
  hold(ledger.open(key) === 0 && ledger.demand(key) === 0, "L7", `forget ${key}: it is in use`)
  hold(ledger.isUnused(key), "L7", `forget ${key}: it was used lately`)
  ledger.failing.delete(key)
  ledger.hangUps.delete(key)
  ledger.lastInUse.delete(key)
  ledger.idleLimits.delete(key)
}

export const carryOut = (ledger: Ledger, command: Command): void => {
  switch (command._tag) {
    case "Connect":
      return connect(ledger, command.connection, command.key)
    case "Grant":
      return grant(ledger, command.waiter, command.connection)
    case "Reject":
      return reject(ledger, command.waiter, command.reason)
    case "Close":
      return close(ledger, command.connection, command.reason)
    case "WakeAt":
      hold(command.at < ledger.wakeAt, "L10", `woken at ${command.at} though ${ledger.wakeAt} was said before`)
      ledger.wakeAt = command.at
      return
    case "Forget":
      return forget(ledger, command.key)
  }
}
