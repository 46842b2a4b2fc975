/**
 * What a pool is built from, besides its settings.
 *
 * @internal
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Runtime from "effect/Runtime"
import type { Connector } from "../Connector.js"
import type { ContentDecoder } from "../ContentDecoder.js"

export interface Surroundings {
  readonly connector: Context.Tag.Service<Connector>
  readonly decoder: Context.Tag.Service<ContentDecoder> | undefined
  readonly clock: Clock.Clock
  /** A number in [0, 1) that spreads what would happen together. */
  readonly jitter: () => number
  readonly runtime: Runtime.Runtime<never>
  /** The laws of the machine are checked after every step. */
  readonly checked: boolean
}
