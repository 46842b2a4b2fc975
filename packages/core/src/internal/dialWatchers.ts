/**
 * Those who asked for connections to be opened and want to hear of it.
 *
 * @internal
 */
import type { PoolError } from "../PoolError.js"

export class DialWatchers {
  private readonly watchers = new Map<number, (failure: PoolError | undefined) => void>()

  /** Calls back when the last of the dials has ended. There is at least one. */
  watch(
    connections: ReadonlyArray<number>,
    done: (opened: number, failures: ReadonlyArray<PoolError>) => void
  ): void {
    const failures: Array<PoolError> = []
    let running = connections.length
    const onEnded = (failure: PoolError | undefined): void => {
      if (failure !== undefined) failures.push(failure)
      if (--running === 0) done(connections.length - failures.length, failures)
    }
    for (const connection of connections) this.watchers.set(connection, onEnded)
  }

  tell(connection: number, failure: PoolError | undefined): void {
    const watcher = this.watchers.get(connection)
    if (watcher === undefined) return
    this.watchers.delete(connection)
    watcher(failure)
  }
}
