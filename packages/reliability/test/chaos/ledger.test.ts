// What the chaos calls wrong: each is shown a story in which it is.
import { PoolError } from "@connection-pool/core"
import { describe, expect, it } from "vitest"
import { faultNamed, noFault } from "../../src/chaos/faults.js"
import type { Zero } from "../../src/chaos/ledger.js"
import { Ledger } from "../../src/chaos/ledger.js"
import type { Call } from "../../src/chaos/plan.js"
import { blockSize, Sightings } from "../../src/chaos/sightings.js"

const origin = "http://127.0.0.1:1"

const call = (fields: Partial<Call> = {}): Call => ({
  target: {
    name: "a server",
    origin,
    allows: [],
    faults: [],
    weight: 1,
    deadEnd: false,
    ownStatuses: [],
    stallsDials: false,
    resets: false,
    suspends: false
  },
  fault: noFault,
  kind: "execute",
  pool: "lasting",
  method: "GET",
  idempotent: undefined,
  upload: "none",
  uploadSize: 0,
  size: 10,
  reading: "all",
  timeout: undefined,
  interruptedAfter: undefined,
  sends: 1,
  ...fields
})

const post = call({ method: "POST" })

const lost = (progress: "not-sent" | "maybe-sent") =>
  new PoolError.ConnectionLost({ origin, progress, reason: "closed", reused: true, bytesReceived: 0 })

/** A story of one request, seen by the server so often, and what is wrong then. */
const wrongIn = (seen: number, tell: (ledger: Ledger, asked: Call) => void, asked = call()): ReadonlyArray<Zero> => {
  const ledger = new Ledger()
  tell(ledger, asked)
  const server = new Sightings()
  for (let i = 0; i < seen; i++) server.see(0)
  for (const block of ledger.blocksToAudit(true)) ledger.audit(block, [server.take(block), undefined])
  return [...ledger.counts].flatMap(([zero, count]) => count === 0 ? [] : [zero])
}

const answered = (attempts: number | undefined) => (ledger: Ledger, asked: Call) =>
  ledger.onAnswer(ledger.begin(asked), asked, attempts)

const failed = (error: PoolError.PoolError) => (ledger: Ledger, asked: Call) =>
  ledger.onFailure(ledger.begin(asked), asked, error)

describe("the books of the chaos balance when a request", () => {
  it("was answered and seen once", () => expect(wrongIn(1, answered(1))).toEqual([]))
  it("was sent again and seen once or twice", () => {
    expect(wrongIn(1, answered(2))).toEqual([])
    expect(wrongIn(2, answered(2))).toEqual([])
    expect(wrongIn(2, answered(undefined))).toEqual([])
  })
  it("failed as it may, and was seen or not", () => {
    expect(wrongIn(0, failed(lost("maybe-sent")), post)).toEqual([])
    expect(wrongIn(1, failed(lost("maybe-sent")), post)).toEqual([])
    expect(wrongIn(0, failed(lost("not-sent")), post)).toEqual([])
  })
})

describe("the books of the chaos do not balance when a request", () => {
  it("was answered and nobody has seen it", () => {
    expect(wrongIn(0, answered(1))).toEqual(["answers without a request"])
  })
  it("was seen twice and may not be", () => {
    expect(wrongIn(2, answered(1), post)).toEqual(["sent twice"])
    expect(wrongIn(2, failed(lost("maybe-sent")), post)).toEqual(["sent twice"])
    expect(wrongIn(2, answered(2), call({ method: "PUT", upload: "stream" }))).toEqual(["sent twice"])
  })
  it("was seen more often than its answer says", () => {
    expect(wrongIn(2, answered(1))).toEqual(["sent more often than said"])
    expect(wrongIn(3, answered(2))).toEqual(["sent more often than said"])
  })
  it("was not sent, as its error says, and was seen", () => {
    expect(wrongIn(1, failed(lost("not-sent")), post)).toEqual(["seen, and said not to be sent"])
  })
  it("failed where nothing had happened to it", () => {
    expect(wrongIn(1, failed(lost("maybe-sent")))).toEqual(["unexpected failures"])
    const timeout = new PoolError.ConnectTimeout({ origin, progress: "not-sent", timeout: 1 })
    expect(wrongIn(0, failed(timeout), call({ fault: faultNamed("never answers")! }))).toEqual(["unexpected failures"])
  })
  it("could not be sent again for a reason that cannot be", () => {
    const because = (cause: PoolError.PoolError) =>
      new PoolError.ConnectionLost({
        origin,
        progress: "maybe-sent",
        reason: "closed",
        reused: true,
        bytesReceived: 0,
        cause
      })
    const closed = new PoolError.PoolClosed({ origin, progress: "not-sent" })
    expect(wrongIn(1, failed(because(closed)), call({ pool: "rebuilt" }))).toEqual([])
    expect(wrongIn(1, failed(because(closed)))).toEqual(["unexpected failures"])
  })
  it("waited in vain beside an idle connection", () => {
    const stats = { connecting: 0, active: 1, idle: 1, waiting: 1, limit: 2 }
    const error = new PoolError.AcquireTimeout({ origin, progress: "not-sent", waited: 1, stats })
    expect(wrongIn(0, failed(error))).toEqual(["unexpected failures"])
  })
  it("never ended", () => {
    expect(wrongIn(1, (ledger, asked) => void ledger.begin(asked))).toEqual(["never ended"])
  })
  it("ended twice", () => {
    const twice = (ledger: Ledger, asked: Call) => {
      const id = ledger.begin(asked)
      ledger.onAnswer(id, asked, 1)
      ledger.onInterruption(id)
    }
    expect(wrongIn(1, twice)).toEqual(["others"])
  })
})

describe("requests by the million", () => {
  it("are held against the servers in blocks, and forgotten when they have long ended", () => {
    const ledger = new Ledger()
    for (let i = 0; i < 2 * blockSize; i++) answered(1)(ledger, post)
    expect(ledger.blocksToAudit(false)).toEqual([0])
    const server = new Sightings()
    for (let i = 0; i < blockSize; i++) server.see(i)
    ledger.audit(0, [server.take(0)])
    expect(ledger.blocksToAudit(false)).toEqual([])
    expect(ledger.examples).toEqual([])
    expect(server.see(5)).toBeUndefined()
    expect(ledger.blocksToAudit(true)).toEqual([1])
  })
})
