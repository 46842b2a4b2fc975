/** What the stories of the client have in common. */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import { Effect } from "effect"
import type { ConnectionPool, PoolConfig, PoolError, TestConnector } from "../../src/index.js"
import { PooledHttpClient } from "../../src/index.js"
import { withPool } from "./pool.js"

/** Runs a story with a client over a pool of its own. */
export const withClient = <A, E>(
  story: (
    client: HttpClient.HttpClient,
    pool: ConnectionPool.Service,
    network: TestConnector.Service
  ) => Effect.Effect<A, E>,
  script: TestConnector.TestScript = {},
  options: PoolConfig.PoolOptions = {}
) => withPool((pool, network) => story(PooledHttpClient.fromPool(pool), pool, network), script, options)

export const answer = (reply: TestConnector.TestReply): TestConnector.TestScript => ({ respond: () => reply })

/** The pool's error behind an answer's or a request's. */
export const causeOf = <A, R>(effect: Effect.Effect<A, HttpClientError.HttpClientError, R>) =>
  Effect.map(
    Effect.flip(Effect.asVoid(effect)),
    (error) => [error._tag, error.reason, (error.cause as PoolError.PoolError)?._tag]
  )
