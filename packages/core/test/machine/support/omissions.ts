/** What the machine has left out, or left as it must not be between two inputs, by the ledger's books. */
import type { CloseReason, Command } from "../../../src/machine/command.js"
import { idleUntil } from "./fact.js"
import { hold } from "./hold.js"
import type { Ledger } from "./ledger.js"

// --- what must have been ordered --------------------------------------------------------------------------------------------

export const lookForOmissions = (ledger: Ledger, commands: ReadonlyArray<Command>): void => {
  const { fact, now } = ledger
  const closed = (reason: CloseReason): boolean => commands.some((one) => one._tag === "Close" && one.reason === reason)
  switch (fact._tag) {
    case "requested":
      hold(
        fact.fresh || ledger.asks[ledger.asks.length - 1]!.state !== "waiting" ||
          ledger.waiters.length <= ledger.limits.maxWaiting,
        "L6",
        `${ledger.waiters.length} wait`
      )
      return
    case "cancelled":
      return hold(!ledger.surplus || closed("not_needed"), "L7", "a dial that nobody needs goes on")
    case "connected": {
      const { phase } = ledger.connections[fact.id] ?? { phase: "gone" }
      return hold(!ledger.applies || phase !== "closing" || commands.length > 0, "L7", `${fact.id} is left open`)
    }
    case "connectFailed": {
      const { key } = ledger.connections[fact.id] ?? { key: "" }
      if (!ledger.applies || ledger.givenUp) return
      const waiting = ledger.queue(key).length
      hold(ledger.count("open", key) > 0 || waiting === 0, "L6", `${waiting} wait for nothing`)
      return hold(ledger.queue(key, true).length === 0, "L6", "who takes fresh connections only waits for another dial")
    }
    case "warmUpRequested": {
      const wanted = ledger.draining ? 0 : Math.min(fact.connections, ledger.keyLimits(fact.key).maxConnections)
      return hold(ledger.open(fact.key) >= wanted || ledger.open() >= ledger.limits.maxConnections, "L9", "not warm")
    }
    case "closeIdleRequested":
      return hold(ledger.idle.length === 0, "L7", "something idle is left")
    case "drainTimedOut":
      return hold(!ledger.draining || ledger.open() === 0, "L8", "something is left when the drain is over")
    case "woke":
      for (const [key, at] of ledger.lastInUse) {
        hold(at + ledger.keyLimits(key).unusedAfter > now, "L10", `${key} is remembered for too long`)
      }
  }
}

// --- what holds between inputs ----------------------------------------------------------------------------------------------

export const lookAround = (ledger: Ledger): void => {
  const { fact } = ledger
  const late = (at: number): boolean => fact._tag === "woke" && at <= ledger.now
  if (ledger.draining) {
    hold(ledger.waiters.length + ledger.count("connecting") + ledger.idle.length === 0, "L8", "left in the drain")
  }
  for (const waiter of ledger.waiters) {
    const { deadline } = ledger.asks[waiter]!
    hold(ledger.wakeAt <= deadline && !late(deadline), "L10", `${waiter} waits longer than ${deadline}`)
  }
  for (const key of ledger.keys) if (ledger.demand(key) > 0) lookAtWaiters(ledger, key)
  for (const key of ledger.lastInUse.keys()) if (!ledger.draining && ledger.lacksIdle(key)) lookAtIdle(ledger, key)
  const idle = new Map<string, number>()
  for (const one of ledger.idle) {
    const closeAt = Math.min(idleUntil(one), one.expiresAt)
    hold(ledger.wakeAt <= closeAt && !late(closeAt), "L10", `${one.id} is idle longer than ${closeAt}`)
    const count = (idle.get(one.key) ?? 0) + 1
    idle.set(one.key, count)
    hold(count <= ledger.keyLimits(one.key).maxIdle, "L2", `${one.key} has ${count} idle`)
  }
}

const lookAtIdle = (ledger: Ledger, key: string): void => {
  const full = ledger.open(key) >= ledger.keyLimits(key).maxConnections || ledger.open() >= ledger.limits.maxConnections
  const othersWait = ledger.keys.some((other) => ledger.demand(other) > ledger.count("connecting", other))
  const hungUp = (ledger.hangUps.get(key) ?? 0) > 1
  hold(full || othersWait || ledger.failing.has(key) || hungUp, "L11", `${key} keeps too few idle`)
  const dialsLater = ledger.count("connecting", key) > 0 || ledger.wakeAt <= ledger.now + 5_000
  hold(full || othersWait || dialsLater, "L11", `${key} never dials again`)
}

const lookAtWaiters = (ledger: Ledger, key: string): void => {
  const connecting = ledger.count("connecting", key)
  const full = ledger.open(key) >= ledger.keyLimits(key).maxConnections
  const oneAtATime = ledger.failing.has(key) && connecting > 0
  for (const one of ledger.here) {
    if (one.key !== key) continue
    hold(ledger.queue(key).length === 0 || !ledger.hasRoom(one), "L5", `${key} waits and ${one.id} is free`)
    const inTheWay = full && ledger.queue(key, true).length > connecting && !oneAtATime
    hold(!inTheWay || !ledger.idle.includes(one), "L9", `${one.id} is idle in the place of a fresh connection`)
  }
  const dialsLater = oneAtATime || ledger.failing.has(key) && ledger.queue(key, true).length === 0
  const enough = dialsLater || connecting >= ledger.demand(key)
  const blocked = ledger.open() >= ledger.limits.maxConnections && ledger.idle.length === 0
  hold(enough || full || blocked, "L9", `${key} waits and could dial`)
  const established = ledger.count("open", key) > 0
  hold(connecting > 0 || established || blocked, "L9", `${key} waits for nothing`)
  if (!full && !blocked && connecting === 0) {
    hold(ledger.wakeAt <= ledger.now + 5_000, "L9", `${key} never dials again`)
  }
}
