/**
 * Opens connections, by what the platform brings.
 *
 * @internal
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Runtime from "effect/Runtime"
import type { Connection } from "../Connection.js"
import type { Connector } from "../Connector.js"
import type { PoolSettings } from "../PoolConfig.js"
import type { ConnectFailed, ConnectTimeout } from "../PoolError.js"
import type { HeldConnection } from "./heldConnection.js"
import type { Restore } from "./primitives.js"
import { withSetupSpan } from "./setupSpan.js"
import { isRecordedBy } from "./startSpan.js"

export class Dialler {
  private readonly connector: Context.Tag.Service<Connector>
  private readonly settings: PoolSettings
  private readonly recorded: boolean

  constructor(connector: Context.Tag.Service<Connector>, settings: PoolSettings, runtime: Runtime.Runtime<never>) {
    this.connector = connector
    this.settings = settings
    this.recorded = isRecordedBy(runtime)
  }

  /** Only what is restored can be interrupted: what the connector has answered is always taken over. */
  dial(held: HeldConnection, restore: Restore): Effect.Effect<Connection, ConnectFailed | ConnectTimeout> {
    const { origin, tls } = held.origin
    const { maxHeaderSize, noDelay, tcpKeepAliveDelay } = this.settings
    const dial = restore(
      Effect.suspend(() => this.connector.connect({ origin, tls, noDelay, tcpKeepAliveDelay, maxHeaderSize }))
    )
    return this.recorded ? withSetupSpan(held, dial) : dial
  }
}
