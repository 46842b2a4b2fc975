/**
 * A map that forgets what was not used for longest.
 *
 * @since 0.1.0
 */

/** @internal */
export class BoundedCache<A> {
  private readonly capacity: number
  private readonly entries = new Map<string, A>()

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get size(): number {
    return this.entries.size
  }

  get(key: string): A | undefined {
    const value = this.entries.get(key)
    if (value !== undefined) this.set(key, value)
    return value
  }

  set(key: string, value: A): void {
    this.entries.delete(key)
    this.entries.set(key, value)
    if (this.entries.size > this.capacity) {
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest)
        break
      }
    }
  }

  delete(key: string): void {
    this.entries.delete(key)
  }
}
