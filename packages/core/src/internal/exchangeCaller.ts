/**
 * Between an exchange and who started it.
 *
 * @internal
 */
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { PoolError } from "../PoolError.js"
import type { RunningExchange } from "./exchange.js"

/** The claim to a connection that an exchange ends when it has ended itself. */
export interface ExchangeLease {
  readonly reused: boolean
  readonly end: (reusable: boolean, idleLimit: number, now: number) => void
}

/** Who started the exchange. Exactly one of these is called, once, unless it is aborted before. */
export interface ExchangeCaller {
  /** The headers are there; of an exchange that collects, the whole body. */
  readonly onAnswer: (exchange: RunningExchange) => void
  readonly onFailure: (error: PoolError) => void
  /** The transport threw. */
  readonly onDefect: (defect: unknown) => void
}

/** Starts what runs beside the exchange. */
export type Fork = (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>

/** How the body is taken: collected before the caller is told, or read by the caller, with or without a scope that ends it. */
export type BodyMode = "collect" | "scoped" | "open"
