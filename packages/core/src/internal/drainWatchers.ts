/**
 * Those who wait for the end of a drain.
 *
 * @internal
 */
export class DrainWatchers {
  private readonly watchers = new Set<() => void>()
  private ended = false

  /** Calls back, once. The answer takes that back. */
  watch(done: () => void): () => void {
    const watcher = () => {
      this.watchers.delete(watcher)
      done()
    }
    this.watchers.add(watcher)
    if (this.ended) watcher()
    return () => this.watchers.delete(watcher)
  }

  tell(): void {
    for (const watcher of this.watchers) watcher()
  }

  /** The pool has ended, and its time with it: nobody may wait any longer for a transport that does not confirm a close. */
  end(): void {
    this.ended = true
    this.tell()
  }
}
