import { it } from "@effect/vitest"
import { assertTrue, strictEqual } from "@effect/vitest/utils"
import { Cause, Effect, Fiber, Redacted, Stream, TestClock } from "effect"
import { inspect } from "node:util"
import { describe } from "vitest"
import type { ConnectionPool, PoolConfig, PoolError, PoolRequest, TestConnector } from "../src/index.js"
import { start, withPool } from "./support/pool.js"

const secrets = ["us3r", "pa55word", "t0ken", "c00kie", "s1gnature", "b0dy", "keyMaterial", "pr0xy"]

const request: PoolRequest.PoolRequest = {
  method: "POST",
  url: "https://us3r:pa55word@server.test/t0ken-of-twenty-characters/path?X-Amz-Signature=s1gnature&api_key=t0ken",
  headers: {
    authorization: "Bearer t0ken",
    "proxy-authorization": "Basic pr0xy",
    cookie: "session=c00kie",
    "x-api-key": "t0ken"
  },
  body: "b0dy",
  tls: { key: Redacted.make("keyMaterial"), passphrase: "keyMaterial" }
}

/** All that a log, a debugger or a careless program could show of it. */
const shown = (error: PoolError.PoolError): string =>
  [
    error.message,
    String(error),
    error.stack,
    JSON.stringify(error),
    inspect(error, { depth: 10, showHidden: true }),
    Cause.pretty(Cause.fail(error)),
    inspect(Cause.fail(error), { depth: 10 })
  ].join("\n")

type Story = {
  readonly ask?: Partial<PoolRequest.PoolRequest>
  readonly script?: TestConnector.TestScript
  readonly options?: PoolConfig.PoolOptions
  readonly run?: (pool: ConnectionPool.Service, request: PoolRequest.PoolRequest) => Effect.Effect<
    unknown,
    PoolError.PoolError
  >
}

const execute: NonNullable<Story["run"]> = (pool, request) => pool.execute(request)
const never: TestConnector.TestScript = { respond: () => ({ never: true }) }

const stories: Readonly<Record<string, readonly [PoolError.PoolError["_tag"], Story]>> = {
  "a URL that cannot be read": ["InvalidRequest", { ask: { url: "htp:/us3r:pa55word@server.test/t0ken" } }],
  "a URL without a scheme": ["InvalidRequest", { ask: { url: "us3r:pa55word@server.test" } }],
  "a header that cannot be sent": ["InvalidRequest", { ask: { headers: { authorization: "Bearer t0ken\n" } } }],
  "a header name that cannot be sent": ["InvalidRequest", { ask: { headers: { "t0ken b0dy": "1" } } }],
  "a body of another length": [
    "InvalidRequest",
    { ask: { headers: { "content-length": "99", cookie: "c00kie" } } }
  ],
  "a timeout that is none": ["InvalidRequest", { ask: { timeout: "t0ken" as never } }],
  "another origin than the lease's": ["InvalidRequest", {
    run: (pool, request) =>
      Effect.scoped(Effect.flatMap(pool.lease("https://other.test/"), (lease) => lease.send(request)))
  }],
  "a full queue": ["QueueFull", {
    script: never,
    options: { maxConnectionsPerOrigin: 1, maxWaiting: 1 },
    run: (pool, request) => Effect.all(Array.from({ length: 3 }, () => pool.execute(request)), { concurrency: 3 })
  }],
  "no connection in time": ["AcquireTimeout", {
    script: { connect: () => ({ never: true }) },
    options: { acquireTimeout: 10 }
  }],
  "a slow dial": ["ConnectTimeout", { script: { connect: () => ({ never: true }) }, options: { connectTimeout: 10 } }],
  "a refused dial": ["ConnectFailed", { script: { connect: () => ({ fail: "TlsIdentity" }) } }],
  "no answer in time": ["RequestTimeout", { script: never, options: { headersTimeout: 10 } }],
  "a large answer": ["ResponseTooLarge", {
    script: { respond: () => ({ body: "t0ken" }) },
    options: { maxResponseSize: 1 }
  }],
  "a broken connection": ["ConnectionLost", {
    script: { respond: () => ({ body: "t0ken", breaks: { how: "reset", afterBytes: 3 } }) }
  }],
  "an answer that is none": ["ProtocolError", { script: { respond: () => ({ garbage: true }) } }],
  "an answer that is no JSON": ["ProtocolError", {
    script: { respond: () => ({ body: "t0ken", headers: { "set-cookie": "c00kie" } }) },
    run: (pool, request) => Effect.flatMap(pool.execute(request), ({ json }) => json)
  }],
  "a body that fails": ["RequestBodyFailed", { ask: { body: Stream.fail(new Error("disk full")) } }],
  "a closed pool": ["PoolClosed", { run: (pool, request) => Effect.zipRight(pool.drain(0), pool.execute(request)) }]
}

describe("an error shows no secret", () => {
  for (const [what, [tag, { ask, options, run = execute, script }]] of Object.entries(stories)) {
    it.effect(`after ${what} (${tag})`, () =>
      withPool(
        (pool) =>
          Effect.gen(function*() {
            const failed = yield* start(Effect.flip(run(pool, { ...request, ...ask })))
            yield* TestClock.adjust(10)
            const error = yield* Fiber.join(failed)
            strictEqual((error as PoolError.PoolError)._tag, tag)
            const text = shown(error as PoolError.PoolError)
            for (const secret of secrets) assertTrue(!text.includes(secret), `${secret} is in ${text}`)
            const stats = JSON.stringify(yield* pool.stats) + inspect(yield* pool.connections)
            for (const secret of secrets) assertTrue(!stats.includes(secret), `${secret} is in ${stats}`)
          }),
        script,
        options
      ))
  }
})
