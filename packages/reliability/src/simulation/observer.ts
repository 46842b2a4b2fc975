// What the pool's events say, by themselves and together with its sums.
import type { PoolEvent } from "@connection-pool/core/PoolEvent"
import type { PoolStats } from "@connection-pool/core/PoolStats"
import type { World } from "./world.js"

export class Observer {
  opened = 0
  closed = 0
  /** Requests that closed connections were given. */
  requests = 0
  completed = 0
  repeated = 0
  /** Of leaks. */
  suspected = 0
  retracted = 0
  readonly failures: Record<string, number> = {}
  readonly closedBy: Record<string, number> = {}
  /** Connections that are lent out. */
  private readonly lent = new Set<number>()
  private readonly open = new Set<number>()
  private readonly world: World

  constructor(world: World, connections: Iterable<number>) {
    this.world = world
    for (const id of connections) this.open.add(id)
  }

  readonly onEvent = (event: PoolEvent): void => {
    const { world } = this
    this.world.note(`event ${print(event)}`)
    switch (event._tag) {
      case "Opened":
        this.opened++
        if (this.open.has(event.connectionId)) world.broken(`${event.connectionId} was opened twice`)
        this.open.add(event.connectionId)
        break
      case "Closed":
        this.closed++
        this.requests += event.requests
        this.closedBy[event.reason] = (this.closedBy[event.reason] ?? 0) + 1
        if (!this.open.delete(event.connectionId)) world.broken(`${event.connectionId} was closed and is not open`)
        break
      case "Granted":
        if (!this.open.has(event.connectionId)) world.broken(`${event.connectionId} was granted and is not open`)
        if (this.lent.has(event.connectionId)) world.broken(`${event.connectionId} was granted twice`)
        this.lent.add(event.connectionId)
        break
      case "Released":
        if (!this.lent.delete(event.connectionId)) world.broken(`${event.connectionId} was released and not granted`)
        break
      case "Repeated":
        this.repeated++
        break
      case "Completed":
        this.completed++
        break
      case "Failed":
        this.failures[event.error._tag] = (this.failures[event.error._tag] ?? 0) + 1
        break
      case "LeakSuspected":
        this.suspected++
        if (!this.lent.has(event.connectionId)) world.broken(`${event.connectionId} is suspected and was not lent out`)
        break
      case "LeakRetracted":
        this.retracted++
        break
      case "Missed":
        world.broken(`${event.count} events were missed`)
    }
  }

  /**
   * At the end, with the sums of before the first event and of the last. `late`: connections may have closed after the last event;
   * `holders`: those who had a lease then.
   */
  check(before: PoolStats, after: PoolStats, late: boolean, holders: number): void {
    const { world } = this
    const said = (what: string, events: number, stats: number): void => {
      if (events !== stats) world.broken(`${what}: ${events} by the events, ${stats} by the stats`)
    }
    said("repeated", this.repeated, after.repeated - before.repeated)
    said("leaks suspected", this.suspected, after.leaksSuspected - before.leaksSuspected)
    said("leaks retracted", this.retracted, after.leaksRetracted - before.leaksRetracted)
    said("opened", this.opened, after.opened - before.opened)
    for (const [tag, count] of Object.entries(after.failures)) {
      // Who asks a pool that has ended is refused and counted; there are no events any more.
      if (tag === "PoolClosed" && count > (this.failures[tag] ?? 0)) continue
      said(`failed with ${tag}`, this.failures[tag] ?? 0, count - (before.failures[tag] ?? 0))
    }
    // Of a bare lease whose connection is gone the pool does not wait for its holder.
    const lent = [...this.lent].filter((id) => holders === 0 || this.open.has(id)).length
    if (lent > 0) world.broken(`${lent} connections were granted and not released`)
    if (late) return
    said("closed", this.closed, after.closed - before.closed)
    said("requests of closed connections", this.requests, after.requests)
    for (const [reason, count] of Object.entries(after.closedBy)) {
      said(`closed by ${reason}`, this.closedBy[reason] ?? 0, count - (before.closedBy[reason as never] ?? 0))
    }
  }
}

const print = (event: PoolEvent): string => {
  const id = "connectionId" in event ? ` ${event.connectionId}` : ""
  const why = "reason" in event ? ` ${event.reason}` : "error" in event ? ` ${event.error._tag}` : ""
  return `${event._tag}${id}${why}`
}
