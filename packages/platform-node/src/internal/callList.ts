/**
 * Calls that run, in the order in which they began: a list in the calls themselves. A `Set` that has once survived leaves each
 * of its outgrown tables behind in V8's old generation, with all that was in it (docs/DESIGN.md, 13.24).
 *
 * @internal
 */
export interface Listed<A> {
  before: A | undefined
  after: A | undefined
}

export class CallList<A extends Listed<A>> {
  private first: A | undefined = undefined
  private last: A | undefined = undefined
  private length = 0

  get size(): number {
    return this.length
  }

  /** Adds a call that is not in it. */
  add(call: A): void {
    call.before = this.last
    if (this.last === undefined) this.first = call
    else this.last.after = call
    this.last = call
    this.length++
  }

  /** Takes a call out; one that is not in it stays out. */
  remove(call: A): void {
    const { after, before } = call
    if (before === undefined && this.first !== call) return
    if (before === undefined) this.first = after
    else before.after = after
    if (after === undefined) this.last = before
    else after.before = before
    call.before = undefined
    call.after = undefined
    this.length--
  }

  /** Those that are in it now. */
  toArray(): Array<A> {
    const calls: Array<A> = []
    for (let call = this.first; call !== undefined; call = call.after) calls.push(call)
    return calls
  }
}
