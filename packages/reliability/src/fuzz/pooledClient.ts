// Our client: each case has an origin of its own on a pool that many cases share.
import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import { isPoolError, type PoolError } from "@connection-pool/core/PoolError"
import type { PoolRequest } from "@connection-pool/core/PoolRequest"
import type { ResponseInfo } from "@connection-pool/core/PoolResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { FuzzCase } from "./fuzzCase.js"
import { type Reading, refused, withoutBlanks } from "./reading.js"
import { ownBody, type Stage, target } from "./stage.js"

interface Answered extends Pick<ResponseInfo, "status" | "rawHeaders"> {
  readonly body: string
}

export interface Complaint {
  readonly symptom: string
  readonly detail: string
}

/** What became of one case. */
export interface Played {
  readonly reading: Reading
  /** What is wrong, whatever another client may say. */
  readonly complaint: Complaint | undefined
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")

const execute = (pool: ConnectionPool.Service, request: PoolRequest): Effect.Effect<Answered, PoolError> =>
  Effect.map(pool.execute(request), ({ body, rawHeaders, status }) => ({
    status,
    rawHeaders,
    body: latin1(body)
  }))

/** As much as a body that is read whole may have; a stream has a limit only where its request sets one. */
const maxResponseSize = 10 * 1024 * 1024

const stream = (pool: ConnectionPool.Service, request: PoolRequest): Effect.Effect<Answered, PoolError> =>
  Effect.scoped(Effect.gen(function*() {
    const { body, rawHeaders, status } = yield* pool.stream({ ...request, maxResponseSize })
    const text = yield* Stream.runFold(body, "", (text, piece) => text + latin1(piece))
    return { status, rawHeaders, body: text }
  }))

/** What a bad answer may become. */
const fitting: ReadonlySet<string> = new Set(["ProtocolError", "ConnectionLost", "ResponseTooLarge"])

const describe = (error: PoolError): string => {
  switch (error._tag) {
    case "ProtocolError":
      return `${error._tag} ${error.reason}: ${error.description}`
    case "ConnectionLost":
      return `${error._tag} ${error.reason}`
    default:
      return error._tag
  }
}

const readingOf = (exit: Exit.Exit<Answered, PoolError>, stage: Stage): Reading => {
  if (Exit.isFailure(exit)) return refused(describeFailure(exit.cause), stage.kept)
  // The answer came to the second try.
  if (stage.repeatedBehind !== undefined) return refused("sent again", stage.kept)
  const { body, rawHeaders, status } = exit.value
  return { accepted: true, error: undefined, status, headers: withoutBlanks(rawHeaders), body, kept: stage.kept }
}

const describeFailure = (cause: Cause.Cause<PoolError>): string =>
  Option.match(Cause.failureOption(cause), { onNone: () => Cause.pretty(cause), onSome: describe })

/** A failure must be one typed error, and one that fits. */
const complaintAbout = (exit: Exit.Exit<Answered, PoolError>): Complaint | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const { cause } = exit
  if (!Cause.isFailType(cause) || !isPoolError(cause.error)) {
    return { symptom: "a failure that is no typed error", detail: Cause.pretty(cause) }
  }
  if (fitting.has(cause.error._tag)) return undefined
  return { symptom: "an error that does not fit", detail: describe(cause.error) }
}

/** Every request with a good answer must get it, and nobody else's (C12). */
const complaintAboutOwn = (path: string, id: number, exit: Exit.Exit<Answered, PoolError>): Complaint | undefined => {
  if (Exit.isFailure(exit)) {
    return { symptom: "a request with a good answer fails", detail: `${path}: ${describeFailure(exit.cause)}` }
  }
  const { body, status } = exit.value
  if (status === 200 && body === ownBody(path, id)) return undefined
  return {
    symptom: "a request gets an answer that is not its own",
    detail: `${path}: ${status} ${JSON.stringify(body)}`
  }
}

/** A request is sent again only while nothing of its answer has come, and where that can do no harm (C6). */
const complaintAboutRepeat = (
  { repeatedBehind }: Stage,
  method: string,
  id: number,
  exit: Exit.Exit<Answered, PoolError>
): Complaint | undefined => {
  if (repeatedBehind === undefined) return undefined
  if (repeatedBehind > 0) {
    return { symptom: "a request is sent again though its answer had begun", detail: `behind ${repeatedBehind} bytes` }
  }
  if (method === "POST") return { symptom: "a POST is sent again", detail: "the first one had reached the server" }
  return method === "HEAD" ? undefined : complaintAboutOwn(target.fuzzed, id, exit)
}

/** A reset ends no answer: undici takes the part of a close-delimited one for the whole. */
const complaintAboutEnd = (
  { cutOff, repeatedBehind }: Stage,
  { network }: FuzzCase,
  exit: Exit.Exit<Answered, PoolError>
): Complaint | undefined =>
  // Over a network the last bytes may come later than the server thinks.
  cutOff && repeatedBehind === undefined && network === "memory" && Exit.isSuccess(exit)
    ? { symptom: "a reset is taken for the end of an answer", detail: JSON.stringify(exit.value.body) }
    : undefined

const settled = (stage: Stage): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    if (stage.settled) return resume(Effect.void)
    stage.onSettled = () => resume(Effect.void)
  })

/** Sends the requests of a case, one after another. Its end is the end of the case. */
export const play = (
  pool: ConnectionPool.Service,
  origin: string,
  fuzzCase: FuzzCase,
  id: number,
  stage: Stage
): Effect.Effect<Played> =>
  Effect.gen(function*() {
    const { eager, method, streamed, warm } = fuzzCase
    const own = (path: string): PoolRequest => ({ url: origin + path })
    if (warm) {
      const complaint = complaintAboutOwn(target.warm, id, yield* Effect.exit(execute(pool, own(target.warm))))
      if (complaint !== undefined) return { reading: refused(complaint.symptom, undefined), complaint }
    }
    const request = { url: origin + target.fuzzed, method }
    const exit = yield* Effect.exit(streamed ? stream(pool, request) : execute(pool, request))
    stage.end()
    if (!eager) yield* settled(stage)
    const reading = readingOf(exit, stage)
    const next = yield* Effect.exit(execute(pool, own(target.next)))
    const complaint = complaintAbout(exit) ?? complaintAboutRepeat(stage, method, id, exit) ??
      complaintAboutEnd(stage, fuzzCase, exit) ??
      complaintAboutOwn(target.next, id, next)
    return { reading, complaint }
  })
