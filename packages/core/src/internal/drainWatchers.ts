/**
 * Those who wait for the end of a drain.
 *
 * @internal
 */
export class DrainWatchers {
  private readonly watchers = new Set<() => void>()

  /** Calls back, once. The answer takes that back. */
  watch(done: () => void): () => void {
    const watcher = () => {
      this.watchers.delete(watcher)
      done()
    }
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  tell(): void {
    for (const watcher of this.watchers) watcher()
  }
}
