/**
 * Opens connections before anybody asks for one.
 *
 * @internal
 */
import type { PoolError } from "../PoolError.js"
import type { ConnectionPool } from "./connectionPool.js"
import type { OriginState } from "./originState.js"

/** Opens until `connections` of an origin are open; `done` hears of each failure when the last dial has ended. */
export const warmUp = (
  pool: ConnectionPool,
  origin: OriginState,
  connections: number,
  done: (opened: number, failures: ReadonlyArray<PoolError>) => void
): void => {
  const orders = pool.machine.warmUpRequested(pool.now, origin.key, origin.limits, connections)
  const dials = orders.flatMap((order) => order._tag === "Connect" ? [order.connection] : [])
  const ended = (opened: number, failures: ReadonlyArray<PoolError>): void => {
    pool.books.warmedUp(origin, opened, failures.length, pool.now)
    done(opened, failures)
  }
  if (dials.length === 0) {
    pool.obey(orders)
    return ended(0, [])
  }
  pool.deadlines.hold()
  pool.dialWatchers.watch(dials, (opened, failures) => {
    pool.deadlines.release()
    ended(opened, failures)
  })
  pool.obey(orders)
}
