/**
 * Things that want to be looked at when their time comes, earliest first: a binary heap whose members know their place, so
 * that adding, removing and moving cost O(log n).
 *
 * @internal
 */
export interface Alarm {
  /** When. Changed only through `Alarms` while it is set. */
  at: number
  /** Its place in the heap, -1 while it is not set. */
  slot: number
}

export class Alarms<A extends Alarm> {
  private readonly heap: Array<A> = []

  get size(): number {
    return this.heap.length
  }

  /** When the earliest is due; `Infinity` when none is set. */
  get next(): number {
    const first = this.heap[0]
    return first === undefined ? Infinity : first.at
  }

  /** Sets an alarm, or moves it. `Infinity` clears it. */
  set(alarm: A, at: number): void {
    if (at === Infinity) return this.clear(alarm)
    const before = alarm.at
    alarm.at = at
    if (alarm.slot < 0) {
      this.heap.push(alarm)
      this.up(alarm, this.heap.length - 1)
    } else if (at < before) {
      this.up(alarm, alarm.slot)
    } else {
      this.down(alarm, alarm.slot)
    }
  }

  clear(alarm: A): void {
    const slot = alarm.slot
    if (slot < 0) return
    alarm.slot = -1
    const last = this.heap.pop()!
    if (last === alarm) return
    if (last.at < alarm.at) this.up(last, slot)
    else this.down(last, slot)
  }

  /** Takes out the earliest, if it is due. */
  takeDue(now: number): A | undefined {
    const first = this.heap[0]
    if (first === undefined || first.at > now) return undefined
    this.clear(first)
    return first
  }

  private up(alarm: A, from: number): void {
    let slot = from
    while (slot > 0) {
      const parentSlot = (slot - 1) >> 1
      const parent = this.heap[parentSlot]!
      if (parent.at <= alarm.at) break
      this.put(parent, slot)
      slot = parentSlot
    }
    this.put(alarm, slot)
  }

  private down(alarm: A, from: number): void {
    let slot = from
    for (;;) {
      let childSlot = 2 * slot + 1
      let child = this.heap[childSlot]
      if (child === undefined) break
      const right = this.heap[childSlot + 1]
      if (right !== undefined && right.at < child.at) {
        child = right
        childSlot++
      }
      if (alarm.at <= child.at) break
      this.put(child, slot)
      slot = childSlot
    }
    this.put(alarm, slot)
  }

  private put(alarm: A, slot: number): void {
    this.heap[slot] = alarm
    alarm.slot = slot
  }
}
