// The simulated network: dials, connections, and books of its own to compare the pool's with.
import type { WireRequest } from "@connection-pool/core/Connection"
import type * as Connector from "@connection-pool/core/Connector"
import type { ConnectFailedReason } from "@connection-pool/core/PoolError"
import * as PoolError from "@connection-pool/core/PoolError"
import type { PoolStats } from "@connection-pool/core/PoolStats"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { SimulatedConnection } from "./connection.js"
import type { Attempt, Ledger, SimulatedRequest } from "./ledger.js"
import type { Random } from "./random.js"
import type { World } from "./world.js"

export interface NetworkPlan {
  /** Milliseconds that every time is a multiple of: the larger, the more happens at once. */
  readonly tick: number
  /** How often something goes wrong. */
  readonly rate: number
  /** The longest that a close takes to be confirmed. */
  readonly longestClose: number
  readonly maxConnections: number
  readonly maxConnectionsPerOrigin: number
}

const reasons: ReadonlyArray<ConnectFailedReason> = ["Dns", "Refused", "Reset", "Unreachable", "Tls"]

export class Network {
  readonly connections: Array<SimulatedConnection> = []
  /** Connections that the pool has taken over, ever; those of them that are gone. */
  taken = 0
  gone = 0
  /** Requests that went out, and those of them that went out on a connection that had carried one. */
  sent = 0
  reused = 0
  /** Of answers' bodies. */
  bytes = 0
  /** Answers that came to their end. */
  ends = 0
  readonly random: Random
  readonly rate: number
  readonly tick: number
  readonly world: World
  readonly ledger: Ledger
  private readonly plan: NetworkPlan
  private readonly dialling = new Map<string, number>()
  private readonly open = new Map<string, number>()

  constructor(world: World, ledger: Ledger, plan: NetworkPlan) {
    this.world = world
    this.ledger = ledger
    this.plan = plan
    this.random = world.random
    this.rate = plan.rate
    this.tick = plan.tick
  }

  /** Whether this fault happens now; counted if it does. */
  fault(kind: string, where: SimulatedConnection | string, share: number): boolean {
    if (!this.random.chance(this.rate * share)) return false
    this.ledger.fault(kind, String(where))
    return true
  }

  // --- dials --------------------------------------------------------------------------------------------------------------------

  readonly connector: Context.Tag.Service<Connector.Connector> = {
    connect: ({ origin }) => Effect.async((resume) => this.dial(origin.href, resume))
  }

  private dial(
    origin: string,
    resume: (outcome: Effect.Effect<SimulatedConnection, PoolError.ConnectFailed>) => void
  ): Effect.Effect<void> {
    this.world.note(`dial to ${origin}`)
    add(this.dialling, origin, 1)
    let connection: SimulatedConnection | undefined
    let running = true
    const end = (): boolean => {
      if (!running) return false
      running = false
      add(this.dialling, origin, -1)
      return true
    }
    const open = () => {
      if (!end()) return
      const opened = new SimulatedConnection(this, this.connections.length, origin)
      connection = opened
      this.connections.push(opened)
      this.world.note(`${opened} to ${origin} is open`)
      if (this.fault("close of a fresh connection", opened, 0.1)) {
        this.world.after(this.tick * this.random.below(10), () => opened.arrives("closed"))
      }
      resume(Effect.succeed(opened))
    }
    const refuse = () => {
      if (!end()) return
      const reason = this.random.pick(reasons)
      resume(Effect.fail(new PoolError.ConnectFailed({ origin, progress: "not-sent", reason })))
    }
    // Of an interruption that a fiber has not heard of yet, `Effect.async` would not tell who has resumed it meanwhile. Between two
    // events of a real network there is no such moment.
    const stop = this.startDial(origin, () => this.world.whenQuiet(open), refuse)
    return Effect.sync(() => {
      stop()
      end()
      // It was about to be returned.
      connection?.close()
    })
  }

  private startDial(origin: string, open: () => void, refuse: () => void): () => void {
    const { random, tick, world } = this
    const where = `dial to ${origin}`
    if (this.fault("dial never ends", where, 0.15)) return () => {}
    if (this.fault("dial is refused", where, 0.5)) return world.after(tick * random.below(6), refuse)
    if (this.fault("dial is slow", where, 0.3)) return world.after(tick * random.between(5, 100), open)
    return world.after(tick * random.below(4), open)
  }

  // --- what connections tell ----------------------------------------------------------------------------------------------------

  onTaken({ origin }: SimulatedConnection): void {
    this.taken++
    add(this.open, origin, 1)
    if (this.open.get(origin)! > this.plan.maxConnectionsPerOrigin) {
      this.world.broken(`${this.open.get(origin)} connections are open to ${origin}`)
    }
    if (sum(this.open) > this.plan.maxConnections) this.world.broken(`${sum(this.open)} connections are open`)
  }

  /** It leaves the limits: it was ordered to close, or is gone. */
  onLeft(connection: SimulatedConnection): void {
    if (connection.taken) add(this.open, connection.origin, -1)
  }

  onGone(connection: SimulatedConnection): void {
    if (connection.taken) this.gone++
  }

  /** `undefined`: it is confirmed in the call. */
  closeDelay(connection: SimulatedConnection): number | undefined {
    if (this.plan.longestClose === 0 || !this.fault("close is confirmed late", connection, 0.5)) return undefined
    return this.random.below(this.plan.longestClose / this.tick + 1) * this.tick
  }

  /** Whose request it is, if it is as it was asked for. */
  requestOf(wire: WireRequest, connection: SimulatedConnection): SimulatedRequest | undefined {
    const id = wire.target.slice(1)
    const request = this.ledger.requests.get(id)
    const named = wire.headers[wire.headers.indexOf("x-id") + 1]
    if (request === undefined || named !== id || wire.method !== request.method) {
      this.world.broken(`${connection} was given ${wire.method} ${wire.target} with the id ${named}`)
      return undefined
    }
    if (`http://${wire.authority}` !== connection.origin) {
      this.world.broken(`${id} to ${wire.authority} went to ${connection.origin}`)
    }
    const turn = wire.headers[wire.headers.indexOf("x-turn") + 1]
    if (turn !== request.turn) this.world.broken(`${id} was sent with the headers of its ${turn} turn`)
    const streamed = typeof wire.body === "object" && !(wire.body instanceof Uint8Array)
    if (streamed !== request.streamed) this.world.broken(`${id} is sent in the wrong way`)
    if (!streamed && (wire.body?.length ?? 0) !== request.size) this.world.broken(`${id} has lost its body`)
    return request
  }

  /** A request goes out; the second time only where it may (C6). */
  onSent(connection: SimulatedConnection, request: SimulatedRequest): Attempt {
    const reused = connection.requests > 0
    this.sent++
    if (reused) this.reused++
    const before = request.attempts.at(-1)
    this.world.note(`${connection} sends ${request.id}${before === undefined ? "" : " again"}`)
    if (request.outcome !== "running") this.world.broken(`${request.id} was sent after it had ended`)
    if (before !== undefined) {
      const why = this.whyNotAgain(request, before, reused)
      if (why !== undefined) this.world.broken(`${request.id} was sent again ${why}`)
      this.ledger.repeats++
    }
    const attempt: Attempt = { connection: connection.id, reused, written: false, answered: false, lost: false }
    request.attempts.push(attempt)
    return attempt
  }

  private whyNotAgain(request: SimulatedRequest, before: Attempt, reused: boolean): string | undefined {
    if (request.attempts.length > 1) return "a third time"
    if (request.holder !== request.id) return "though it went out on a bare lease"
    if (!before.lost) return "though its connection was not lost"
    if (!before.reused) return "though its first connection was fresh"
    if (before.answered) return "though its answer had begun"
    if (request.streamed && before.written) return "though its body is a stream"
    if (before.written && !request.idempotent) return "though it is not idempotent and had left"
    if (reused) return "on a connection that is not fresh"
    return undefined
  }

  // --- comparisons --------------------------------------------------------------------------------------------------------------

  /** At the end of a moment the pool and the network agree on what there is, and it is within the limits. */
  check(stats: PoolStats): void {
    this.agree("all origins", stats, sum(this.dialling), sum(this.open), this.plan.maxConnections)
    for (const origin of stats.origins) {
      const { dialling, open, plan } = this
      const name = origin.origin
      this.agree(name, origin, dialling.get(name) ?? 0, open.get(name) ?? 0, plan.maxConnectionsPerOrigin)
    }
  }

  private agree(
    what: string,
    pool: Pick<PoolStats, "active" | "idle" | "connecting">,
    dialling: number,
    open: number,
    limit: number
  ): void {
    const counted = `${dialling} dials and ${open} open connections`
    if (dialling + open > limit) this.world.broken(`${what}: ${counted}, and the limit is ${limit}`)
    if (pool.connecting !== dialling || pool.active + pool.idle !== open) {
      const said = `${pool.connecting} connecting, ${pool.active} active and ${pool.idle} idle`
      this.world.broken(`${what}: ${counted}, and the pool says ${said}`)
    }
  }

  /** Nothing is left. */
  checkEnd(): void {
    const dialling = sum(this.dialling)
    if (dialling > 0) this.world.broken(`${dialling} dials go on after the end`)
    for (const connection of this.connections) {
      if (!connection.gone) this.world.broken(`${connection} is open after the end`)
    }
  }
}

const add = (counts: Map<string, number>, key: string, by: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + by)
}

const sum = (counts: ReadonlyMap<string, number>): number => {
  let total = 0
  for (const count of counts.values()) total += count
  return total
}
