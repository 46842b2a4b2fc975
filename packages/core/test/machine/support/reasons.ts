/** Whether the machine had the reason that it names, by the ledger's books. */
import type { CloseReason, RejectReason } from "../../../src/machine/command.js"
import type { Ask, Connection } from "./fact.js"
import { idleUntil } from "./fact.js"
import type { Ledger } from "./ledger.js"

export const mayReject = (ledger: Ledger, ask: Ask, reason: RejectReason): boolean => {
  const { _tag } = ledger.fact
  const free = [...ledger.here].some((one) => one.key === ask.key && ledger.hasRoom(one))
  switch (reason) {
    case "queue_full":
      return !free && !ask.fresh && _tag === "requested" && ask.id === ledger.asks.length - 1 &&
        ledger.waiters.length > ledger.limits.maxWaiting
    case "timed_out":
      return ask.deadline <= ledger.now
    case "connect_failed":
      return _tag === "connectFailed" && (ask.fresh || ledger.count("open", ask.key) === 0)
    case "closed":
      return ledger.draining
  }
}

export const mayClose = (ledger: Ledger, connection: Connection, reason: CloseReason): boolean => {
  const { fact, now } = ledger
  const { key, phase } = connection
  const limits = ledger.keyLimits(key)
  const idle = ledger.idle.includes(connection) && !connection.spent
  const siblings = ledger.idle.filter((one) => one.key === key)
  const first = (list: ReadonlyArray<Connection>): boolean => list[0] === connection
  const full = ledger.open() === ledger.limits.maxConnections
  switch (reason) {
    case "idle_timeout":
      return idle && idleUntil(connection) <= now && "now" in fact
    case "max_lifetime":
      return phase === "open" && connection.expiresAt <= now && "now" in fact
    case "max_requests":
      return phase === "open" && connection.served >= limits.maxRequests
    case "idle_limit":
      return idle && siblings.length > limits.maxIdle && first(siblings)
    case "evicted": {
      const othersWait = ledger.keys.some((other) => other !== key && ledger.demand(other) > 0)
      const inTheWay = ledger.queue(key, true).length > ledger.count("connecting", key)
      return idle && (full && (othersWait || inTheWay) && first(ledger.idle) ||
        inTheWay && first(siblings) && ledger.open(key) === limits.maxConnections)
    }
    case "rebalanced":
      return idle && full && (fact._tag === "released" || fact._tag === "cancelled") && owesRoom(ledger, key)
    case "not_reusable":
      return phase === "open" && connection.spent
    case "not_needed":
      return phase === "connecting" && !connection.forWarmUp && fact._tag === "cancelled" &&
        ledger.count("connecting", key) > ledger.demand(key)
    case "unused_origin":
      return (idle || phase === "connecting" && connection.forWarmUp) && ledger.isUnused(key)
    case "close_idle":
    case "clock_jump":
      return idle && fact._tag === "closeIdleRequested"
    case "drain":
      return ledger.draining
  }
}

const owesRoom = (ledger: Ledger, key: string): boolean =>
  ledger.keys.some((other) => {
    const open = ledger.open(other)
    return other !== key && ledger.demand(other) > 0 && (open === 0 || open + 1 < ledger.open(key))
  })
