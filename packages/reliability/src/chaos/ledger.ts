// What became of every request, by what its caller saw; held against what the servers saw when both are sure.
import type { PoolError } from "@connection-pool/core/PoolError"
import { isPoolError } from "@connection-pool/core/PoolError"
import { countIn } from "./messages.js"
import type { Call } from "./plan.js"
import { allowedOf, mayBeSentTwice } from "./plan.js"
import type { Counted } from "./sightings.js"
import { blockOf, blockSize } from "./sightings.js"

/** Why a run is not good: each has to be 0. */
export const zeros = [
  "wrong answers",
  "answers without a request",
  "sent twice",
  "sent more often than said",
  "seen, and said not to be sent",
  "unexpected failures",
  "never ended",
  "defects",
  "wrong requests at a server",
  "leaked sockets",
  "books that do not balance",
  "others"
] as const
export type Zero = (typeof zeros)[number]

/** A few of each kind tell all. */
const mostExamples = 5

/** Per request, in bits: what is held against the servers' count. */
const flag = { begun: 1, ended: 2, answered: 4, notSent: 8, mayBeSentTwice: 16, second: 32 } as const

export class Ledger {
  begun = 0
  ended = 0
  answered = 0
  interrupted = 0
  /** Bare leases that could not be had. */
  leasesRefused = 0
  /** Answers of a proxy itself, by status. */
  readonly ownAnswers = new Map<number, number>()
  readonly failures = new Map<string, number>()
  readonly byTarget = new Map<string, { requests: number; answered: number }>()
  readonly byKind = new Map<string, number>()
  readonly counts = new Map<Zero, number>(zeros.map((zero) => [zero, 0]))
  readonly examples: Array<string> = []
  /** Outside of the heap whose slope is measured. */
  private readonly blocks = new Map<number, Uint8Array>()
  private audited = 0

  wrong(zero: Zero, example: string, by = 1): void {
    const count = this.counts.get(zero)!
    this.counts.set(zero, count + by)
    if (count < mostExamples) this.examples.push(`${zero}: ${example}`)
  }

  /** The number of a new request. */
  begin(call: Call): number {
    const { kind, target } = call
    const id = this.begun++
    const block = blockOf(id)
    let flags = this.blocks.get(block)
    if (flags === undefined) this.blocks.set(block, flags = new Uint8Array(blockSize))
    const twice = mayBeSentTwice(call) ? flag.mayBeSentTwice : 0
    flags[id % blockSize] = flag.begun | twice
    countIn(this.byKind, kind)
    const counts = this.byTarget.get(target.name)
    if (counts === undefined) this.byTarget.set(target.name, { requests: 1, answered: 0 })
    else counts.requests++
    return id
  }

  private end(id: number, flags: number): void {
    const block = this.blocks.get(blockOf(id))!
    if ((block[id % blockSize]! & flag.ended) !== 0) this.wrong("others", `request ${id} ended twice`)
    block[id % blockSize]! |= flag.ended | flags
    this.ended++
  }

  /** With the right answer, or with as much of it as was read. Where nobody says how often it was sent, it may have been twice. */
  onAnswer(id: number, { target }: Call, attempts: number | undefined): void {
    this.end(id, flag.answered | (attempts === 1 ? 0 : flag.second))
    this.answered++
    this.byTarget.get(target.name)!.answered++
  }

  /** With an answer that is not from the server which was asked. */
  onOwnAnswer(id: number, status: number): void {
    this.end(id, 0)
    this.ownAnswers.set(status, (this.ownAnswers.get(status) ?? 0) + 1)
  }

  onFailure(id: number, call: Call, error: PoolError): void {
    this.end(id, error.progress === "not-sent" ? flag.notSent : 0)
    this.failed(call, error)
  }

  /** There was no connection for the requests that would have been sent on it. */
  onNoLease(call: Call, error: PoolError): void {
    this.leasesRefused++
    this.failed(call, error)
  }

  private failed(call: Call, error: PoolError): void {
    countIn(this.failures, error._tag)
    // Where it could not be sent again, the cause says why (C6).
    const reason = error._tag === "ConnectionLost" && isPoolError(error.cause) ? error.cause : error
    if (!allowedOf(call).has(reason._tag)) {
      this.wrong("unexpected failures", `${describe(call)}: ${error._tag} (${error.progress}): ${error.message}`)
    }
    if (error._tag === "AcquireTimeout" && error.stats.idle > 0) {
      this.wrong("unexpected failures", `waited beside an idle connection: ${error.message}`)
    }
  }

  onInterruption(id: number): void {
    this.end(id, 0)
    this.interrupted++
  }

  /** Blocks whose requests have all ended, with room for those that are still on their way to a server. */
  blocksToAudit(all: boolean): ReadonlyArray<number> {
    const end = all ? blockOf(Math.max(0, this.begun - 1)) + 1 : blockOf(this.begun) - 1
    return Array.from({ length: Math.max(0, end - this.audited) }, (_, index) => this.audited + index)
  }

  /** Holds a block against what each server has counted. */
  audit(block: number, counts: ReadonlyArray<Counted>): void {
    const flags = this.blocks.get(block)
    this.blocks.delete(block)
    this.audited = block + 1
    if (flags === undefined) return
    for (let index = 0; index < blockSize; index++) {
      const flagsOfOne = flags[index]!
      if ((flagsOfOne & flag.begun) === 0) continue
      const seen = counts.reduce((sum, count) => sum + (count?.[index] ?? 0), 0)
      this.auditOne(block * blockSize + index, flagsOfOne, seen)
    }
  }

  private auditOne(id: number, flags: number, seen: number): void {
    const has = (one: number): boolean => (flags & one) !== 0
    if (!has(flag.ended)) this.wrong("never ended", `request ${id}`)
    if (has(flag.answered) && seen === 0) this.wrong("answers without a request", `request ${id}`)
    if (has(flag.notSent) && seen > 0) this.wrong("seen, and said not to be sent", `request ${id}, ${seen} times`)
    if (!has(flag.mayBeSentTwice) && seen > 1) this.wrong("sent twice", `request ${id}, ${seen} times`)
    const most = has(flag.answered) && !has(flag.second) ? 1 : 2
    if (has(flag.mayBeSentTwice) && seen > most) {
      this.wrong("sent more often than said", `request ${id}, ${seen} times in place of ${most}`)
    }
  }
}

export const describe = ({ fault, kind, method, pool, reading, target, timeout, upload }: Call): string =>
  `${kind} ${method} at "${target.name}", fault "${fault.name}", upload ${upload}, reading ${reading}, ` +
  `timeout ${timeout ?? "none"}, the ${pool} pool`
