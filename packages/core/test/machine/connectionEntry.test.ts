import { describe, expect, it } from "vitest"
import type { EntryState } from "../../src/machine/connectionEntry.js"
import { admit, ConnectionEntry, dismiss, move, StateCounts } from "../../src/machine/connectionEntry.js"
import { OriginShelf } from "../../src/machine/originShelf.js"
import { Waiter } from "../../src/machine/waitQueue.js"
import { boundless } from "./support/story.js"

const states: ReadonlyArray<EntryState> = ["connecting", "idle", "active", "closing"]

const entryIn = (state: EntryState) => {
  const total = new StateCounts()
  const entry = new ConnectionEntry(7, new OriginShelf("a", boundless))
  admit(entry, total)
  const path: Record<EntryState, ReadonlyArray<EntryState>> = {
    connecting: [],
    idle: ["idle"],
    active: ["idle", "active"],
    closing: ["closing"]
  }
  for (const to of path[state]) move(entry, to, total)
  return { entry, total }
}

const none = { connecting: 0, idle: 0, active: 0, closing: 0 }

describe("ConnectionEntry", () => {
  it("L3 goes from state to state by the legal moves alone", () => {
    const legal = states.map((from) =>
      states.filter((to) => {
        const { entry, total } = entryIn(from)
        try {
          move(entry, to, total)
          return true
        } catch (error) {
          expect((error as Error).message).toBe(`connection 7 cannot go from ${from} to ${to}`)
          expect(entry.state).toBe(from)
          return false
        }
      })
    )
    expect(legal).toEqual([["idle", "closing"], ["active", "closing"], ["idle", "closing"], []])
  })

  it("L3 is counted in its state, for its key and for the pool", () => {
    for (const state of states) {
      const { entry, total } = entryIn(state)
      const expected = { ...none, [state]: 1 }
      expect({ ...total }).toEqual(expected)
      expect({ ...entry.shelf.counts }).toEqual(expected)
      expect(total.open).toBe(state === "closing" ? 0 : 1)
      dismiss(entry, total)
      expect({ ...total }).toEqual(none)
      expect({ ...entry.shelf.counts }).toEqual(none)
    }
  })

  it("counts what is connecting, idle and active as open", () => {
    const counts = new StateCounts()
    counts.connecting = 1
    counts.idle = 10
    counts.active = 100
    counts.closing = 1000
    expect(counts.open).toBe(111)
  })

  it("L4 has room while it carries fewer leases than it can, granted and delivered together", () => {
    const { entry } = entryIn("active")
    expect(entry.established).toBe(false)
    expect(entry.hasRoom).toBe(false)
    entry.maxConcurrent = 3
    expect(entry.established).toBe(true)
    expect(entry.hasRoom).toBe(true)
    entry.delivered = 1
    const waiter = new Waiter(0, entry.shelf, Infinity)
    waiter.next = new Waiter(1, entry.shelf, Infinity)
    entry.granted = waiter
    expect(entry.leases).toBe(3)
    expect(entry.hasRoom).toBe(false)
    entry.delivered = 0
    expect(entry.leases).toBe(2)
    expect(entry.hasRoom).toBe(true)
    entry.retired = "max_requests"
    expect(entry.hasRoom).toBe(false)
  })

  it("is to be closed when it has been idle for too long or its lifetime ends, whichever is first", () => {
    const { entry } = entryIn("idle")
    expect(entry.closeAt).toBe(Infinity)
    entry.idleLimit = 10
    expect(entry.closeAt).toBe(10)
    entry.expiresAt = 5
    expect(entry.closeAt).toBe(5)
  })

  it("begins as a dial of nobody, without an alarm", () => {
    const { entry } = entryIn("connecting")
    expect(entry).toMatchObject({ id: 7, kind: "entry", slot: -1, delivered: 0, served: 0, state: "connecting" })
    expect([entry.granted, entry.retired]).toEqual([undefined, undefined])
    expect([entry.at, entry.expiresAt, entry.idleLimit]).toEqual([Infinity, Infinity, Infinity])
    expect([entry.inShelf.entry, entry.inPool.entry]).toEqual([entry, entry])
    expect([entry.inShelf.listed, entry.inPool.listed]).toEqual([false, false])
  })
})
