// Requests of one kind, sent to the server that closes idle connections when they are about to be used again, and what is wrong with
// what became of them.
import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type * as PoolError from "@connection-pool/core/PoolError"
import type { PoolRequest } from "@connection-pool/core/PoolRequest"
import * as NodeConnectionPool from "@connection-pool/platform-node/NodeConnectionPool"
import * as Effect from "effect/Effect"
import { start } from "../processes/child.js"
import { Random, seedOfRun } from "../simulation/random.js"
import type { FromServer, ToServer } from "./messages.js"
import { idHeader } from "./messages.js"

export type Kind = "idempotent" | "POST"

export interface Figures {
  readonly kind: Kind
  readonly requests: number
  readonly answered: number
  /** Sent again, by the pool's own count. */
  readonly repeated: number
  /** Failed requests by tag, reason and progress. */
  readonly failures: Readonly<Record<string, number>>
  /** Of those that failed, how many the server has seen. */
  readonly failedAndSeen: number
  /** Requests that the server has seen twice. */
  readonly seenTwice: number
  readonly connections: number
  readonly reusePercent: number
  /** Closed by the server: while it had read no request, and in the middle of one. */
  readonly closedIdle: number
  readonly closedAtWork: number
  readonly seconds: number
  /** What must not be, in words. */
  readonly problems: ReadonlyArray<string>
}

interface Ended {
  readonly id: string
  /** 0: not answered. */
  readonly attempts: number
  readonly error: PoolError.PoolError | undefined
  readonly wrong: string | undefined
}

const callers = 48
const connections = 32

/** Milliseconds that a caller waits before its next request, at most: as long as the server keeps idle connections. */
const longestPause = 5

/** All that may be sent twice, with bodies and without. */
const idempotentOnes: ReadonlyArray<Pick<PoolRequest, "method" | "body" | "idempotent">> = [
  { method: "GET" },
  { method: "HEAD" },
  { method: "OPTIONS" },
  { method: "DELETE" },
  { method: "PUT", body: "a body" },
  { method: "PUT", body: Buffer.alloc(100_000, "large") },
  { method: "POST", body: "a body", idempotent: true }
]

const posts: ReadonlyArray<Pick<PoolRequest, "method" | "body">> = [
  { method: "POST" },
  { method: "POST", body: "a body" },
  { method: "POST", body: Buffer.alloc(100_000, "large") }
]

const countIn = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** The answer has to be that of the request. */
const wrongWith = (id: string, method: string, header: string | undefined, text: string): string | undefined => {
  const body = method === "HEAD" ? "" : id
  return header === id && text === body ? undefined : `${id} got the answer of ${header} with the body ${text}`
}

const one = (
  pool: ConnectionPool.Service,
  url: string,
  id: string,
  request: Pick<PoolRequest, "method" | "body" | "idempotent">
): Effect.Effect<Ended> =>
  Effect.match(pool.execute({ ...request, url, headers: { [idHeader]: id }, timeout: "30 seconds" }), {
    onSuccess: ({ attempts, headers, text }): Ended => ({
      id,
      attempts,
      error: undefined,
      wrong: wrongWith(id, request.method!, headers[idHeader], text)
    }),
    onFailure: (error): Ended => ({ id, attempts: 0, error, wrong: undefined })
  })

/** Each begins the next request when one has ended and a pause is over, until all are sent. */
const all = (
  pool: ConnectionPool.Service,
  url: string,
  kind: Kind,
  requests: number,
  random: Random,
  onEnd: (ended: Ended) => void,
  signal: AbortSignal
): Effect.Effect<void> => {
  let next = 0
  const choices = kind === "POST" ? posts : idempotentOnes
  const caller = Effect.gen(function*() {
    while (next < requests && !signal.aborted) {
      const id = `${kind}-${next++}`
      onEnd(yield* one(pool, url, id, random.pick(choices)))
      yield* Effect.sleep(random.fraction() * longestPause)
    }
  })
  return Effect.all(Array.from({ length: callers }, () => caller), { concurrency: "unbounded", discard: true })
}

/** What is wrong with a request that the server has seen so often. */
const problemWith = (kind: Kind, { attempts, error, id, wrong }: Ended, seen: number): string | undefined => {
  if (wrong !== undefined) return wrong
  if (kind === "POST" && seen > 1) return `${id} was seen ${seen} times`
  if (error === undefined) {
    return seen >= 1 && seen <= attempts && attempts <= 2
      ? undefined
      : `${id} was answered to its attempt ${attempts}, and was seen ${seen} times`
  }
  if (kind === "idempotent") return `${id} failed: ${error.message}`
  if (error._tag !== "ConnectionLost") return `${id} failed otherwise: ${error._tag}: ${error.message}`
  // No byte of an answer comes before a connection is closed, and one that was not sent is sent again.
  return error.progress === "maybe-sent" && error.reused ? undefined : `${id} failed wrongly: ${error.message}`
}

const nameOf = (error: PoolError.PoolError): string =>
  error._tag === "ConnectionLost" ? `${error._tag}, ${error.reason}, ${error.progress}` : error._tag

export const prove = async (
  kind: Kind,
  requests: number,
  seed: number,
  onEnded: (done: number) => void,
  signal: AbortSignal
): Promise<Figures> => {
  const server = await start<ToServer, FromServer>(new URL(`./serverMain.${extension}`, import.meta.url), [
    String(seedOfRun(seed, 1))
  ])
  try {
    const started = performance.now()
    const ended: Array<Ended> = []
    const { port } = await server.ask({ type: "report" })
    const stats = await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const pool = yield* NodeConnectionPool.make({ name: "repeats", maxConnectionsPerOrigin: connections })
      const onEnd = (one: Ended): void => onEnded(ended.push(one))
      yield* all(pool, `http://127.0.0.1:${port}/`, kind, requests, new Random(seed), onEnd, signal)
      return yield* pool.stats
    })))
    const { closedAtWork, closedIdle, counts } = await server.ask({ type: "report" })
    const failures = new Map<string, number>()
    for (const { error } of ended) if (error !== undefined) countIn(failures, nameOf(error))
    const problems = ended
      .map((one) => problemWith(kind, one, counts.get(one.id) ?? 0))
      .filter((problem) => problem !== undefined)
    const answered = ended.filter(({ attempts }) => attempts > 0).length
    const repeats = ended.filter(({ attempts }) => attempts > 1).length
    if (ended.length < requests && !signal.aborted) problems.push(`${requests - ended.length} requests never ended`)
    if (repeats !== stats.repeated) {
      problems.push(`${repeats} answers are to repeats; the pool counted ${stats.repeated}`)
    }
    // Where no connection was lost under a request, nothing was shown.
    const lost = stats.repeated + (ended.length - answered)
    if (lost === 0 && !signal.aborted) problems.push("no connection was lost while it was used")
    return {
      kind,
      requests: ended.length,
      answered,
      repeated: stats.repeated,
      failures: Object.fromEntries(failures),
      failedAndSeen: ended.filter(({ error, id }) => error !== undefined && counts.has(id)).length,
      seenTwice: [...counts.values()].filter((count) => count > 1).length,
      connections: stats.opened,
      reusePercent: Math.round(stats.reusePercent * 10) / 10,
      closedIdle,
      closedAtWork,
      seconds: Math.round((performance.now() - started) / 100) / 10,
      problems
    }
  } finally {
    await server.end()
  }
}

/** Of the modules of this package: compiled, or TypeScript. */
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js"
