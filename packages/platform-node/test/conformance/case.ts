// What a case is, and what it can say: a case tells by HTTP and by what users of HttpClient expect, never by a client.
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Utils from "effect/Utils"
import { inspect, isDeepStrictEqual } from "node:util"

/** How a client is to be set up for a case. */
export interface ClientOptions {
  /** The most connections to one origin, kept alive. Not given: the client's own default, whatever it does. */
  readonly connections?: number
  /** For clients that decode compressed answers only when told so. */
  readonly decompress?: boolean
  /** The only authority to trust, as PEM. */
  readonly ca?: string
}

/** A client that is put to the test. */
export interface Contender {
  readonly name: string
  readonly layer: (options: ClientOptions) => Layer.Layer<HttpClient.HttpClient>
  /** The client's own. `repeatStreams`: for clients that send a stream a second time only when told so. */
  readonly followRedirects: <E, R>(
    client: HttpClient.HttpClient.With<E, R>,
    options?: { readonly repeatStreams?: boolean }
  ) => HttpClient.HttpClient.With<E | HttpClientError.ResponseError, R>
}

type Story = (
  client: HttpClient.HttpClient,
  contender: Contender
) => Generator<Utils.YieldWrap<Effect.Effect<unknown, unknown, Scope.Scope>>, void, never>

export interface Case {
  readonly name: string
  readonly options: ClientOptions
  readonly story: Story
}

export interface Theme {
  readonly name: string
  readonly cases: ReadonlyArray<Case>
}

export const check = (name: string, story: Story, options: ClientOptions = {}): Case => ({ name, options, story })

/** Fails with what differs. */
export const same = (what: string, actual: unknown, expected: unknown): void => {
  if (isDeepStrictEqual(actual, expected)) return
  const print = (value: unknown) => inspect(value, { breakLength: Infinity, maxStringLength: 60, maxArrayLength: 6 })
  throw new Error(`${what}: ${print(actual)}, not ${print(expected)}`)
}

export const holds = (what: string, condition: boolean): void => {
  if (!condition) throw new Error(`not so: ${what}`)
}

/** Something that had to happen has not happened; a limit that only detects hangs. */
class Hang extends Error {}

/** How many milliseconds an event may take before it is said never to come. */
export class Patience extends Context.Reference<Patience>()("conformance/Patience", { defaultValue: () => 1_300 }) {}

/** Waits for an event. */
export const until = <A>(what: string, event: () => Promise<A>) =>
  Effect.flatMap(
    Patience,
    (duration) =>
      Effect.promise(event).pipe(Effect.timeoutFail({ duration, onTimeout: () => new Hang(`never: ${what}`) }))
  )

/** The typed failure: a success and a defect are faults. */
export const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<E, never, R> =>
  Effect.flatMap(Effect.exit(effect), (exit) => {
    if (Exit.isSuccess(exit)) return Effect.die(new Error("a success where a failure was due"))
    const failure = Cause.failureOption(exit.cause)
    if (failure._tag === "Some") return Effect.succeed(failure.value)
    return Effect.die(new Error(`a defect, not a failure: ${String(Cause.squash(exit.cause))}`))
  })

/** Tag and reason, such as `RequestError Transport`. */
export const kindOf = (error: unknown): string =>
  HttpClientError.isHttpClientError(error) ? `${error._tag} ${error.reason}` : String(error)

export interface Verdict {
  readonly verdict: "pass" | "FAIL" | "hangs"
  readonly reason: string
}

const messages = (error: unknown): ReadonlyArray<string> =>
  error instanceof Error ?
    [error.message, ...(error.cause === undefined ? [] : messages(error.cause))] :
    [String(error)]

/** Of an error and its causes, in one line; what is different in every run is left out. */
const inOneLine = (error: unknown): string => {
  const line = messages(error).join(" < ").replace(/\s+/g, " ").replace(/127\.0\.0\.1:\d+/g, "…")
  return line.length > 180 ? `${line.slice(0, 180)}…` : line
}

export const fault = (error: unknown): Verdict => ({
  verdict: error instanceof Hang ? "hangs" : "FAIL",
  reason: inOneLine(error)
})

/**
 * Tells the story with a client of its own; the servers close before the client does. Disconnected: a client that cannot be
 * interrupted must not hold up the limit.
 */
export const run = (contender: Contender, { options, story }: Case): Effect.Effect<void, unknown> =>
  Effect.flatMap(HttpClient.HttpClient, (client) => Effect.scoped(Effect.gen(() => story(client, contender)))).pipe(
    Effect.provide(contender.layer(options)),
    Effect.disconnect,
    (told) =>
      Effect.flatMap(
        Patience,
        (patience) =>
          Effect.timeoutFail(told, { duration: 1.5 * patience, onTimeout: () => new Hang("the case does not end") })
      )
  )

export const verdictOf = (contender: Contender, testCase: Case): Effect.Effect<Verdict> =>
  Effect.matchCause(run(contender, testCase), {
    onSuccess: (): Verdict => ({ verdict: "pass", reason: "" }),
    onFailure: (cause) => fault(Cause.squash(cause))
  })
