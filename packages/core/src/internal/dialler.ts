/**
 * Opens connections, by what the platform brings.
 *
 * @internal
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Connection } from "../Connection.js"
import type { Connector } from "../Connector.js"
import type { PoolSettings } from "../PoolConfig.js"
import type { ConnectFailed, ConnectTimeout } from "../PoolError.js"
import type { HeldConnection } from "./heldConnection.js"

export class Dialler {
  private readonly connector: Context.Tag.Service<Connector>
  private readonly settings: PoolSettings

  constructor(connector: Context.Tag.Service<Connector>, settings: PoolSettings) {
    this.connector = connector
    this.settings = settings
  }

  dial(held: HeldConnection): Effect.Effect<Connection, ConnectFailed | ConnectTimeout> {
    const { origin, tls } = held.origin
    const { maxHeaderSize, noDelay, tcpKeepAliveDelay } = this.settings
    return Effect.suspend(() => this.connector.connect({ origin, tls, noDelay, tcpKeepAliveDelay, maxHeaderSize }))
  }
}
