/**
 * What comes and goes with every request, by its number.
 *
 * A `Map` that has once survived in the old generation leaves a table behind there whenever it is full of holes, and the
 * dead table holds all that was in it, and what that refers to, until the next large garbage collection (docs/DESIGN.md, 13.24).
 * Here a number that is taken out leaves nothing: an open table with linear probing, whose holes are closed at once.
 *
 * @internal
 */

/** Slots of a table that holds little; a power of two. */
const smallest = 64

/** Spreads numbers that follow each other (Knuth, The Art of Computer Programming, 6.4). */
const spread = 0x9e3779b1

export class IdTable<A> {
  private ids: Array<number> = new Array<number>(smallest).fill(0)
  private members: Array<A | undefined> = new Array<A | undefined>(smallest).fill(undefined)
  private count = 0
  private shift = shiftOf(smallest)

  get size(): number {
    return this.count
  }

  get(id: number): A | undefined {
    const { ids, members } = this
    const mask = ids.length - 1
    for (let slot = this.home(id);; slot = (slot + 1) & mask) {
      const member = members[slot]
      if (member === undefined || ids[slot] === id) return member
    }
  }

  has(id: number): boolean {
    return this.get(id) !== undefined
  }

  set(id: number, member: A): void {
    const slot = this.slotOf(id)
    if (this.members[slot] === undefined) this.count++
    this.ids[slot] = id
    this.members[slot] = member
    if (2 * this.count > this.ids.length) this.resize(2 * this.ids.length)
  }

  delete(id: number): boolean {
    const { ids, members } = this
    const mask = ids.length - 1
    let hole = this.slotOf(id)
    if (members[hole] === undefined) return false
    this.count--
    // Whoever would not be found past the hole moves into it.
    for (let slot = (hole + 1) & mask; members[slot] !== undefined; slot = (slot + 1) & mask) {
      const way = (slot - this.home(ids[slot]!)) & mask
      if (way < ((slot - hole) & mask)) continue
      ids[hole] = ids[slot]!
      members[hole] = members[slot]
      hole = slot
    }
    members[hole] = undefined
    if (ids.length > smallest && 8 * this.count < ids.length) this.resize(ids.length / 2)
    return true
  }

  clear(): void {
    this.members.fill(undefined)
    this.count = 0
  }

  /** In no particular order; what is called must not change the table. */
  forEach(use: (member: A) => void): void {
    for (const member of this.members) if (member !== undefined) use(member)
  }

  /** Those that are in it now, by their numbers. */
  values(): Array<A> {
    const slots = [...this.members.keys()].filter((slot) => this.members[slot] !== undefined)
    slots.sort((one, other) => this.ids[one]! - this.ids[other]!)
    return slots.map((slot) => this.members[slot]!)
  }

  private home(id: number): number {
    return Math.imul(id, spread) >>> this.shift
  }

  /** Where it is, or would be. */
  private slotOf(id: number): number {
    const { ids, members } = this
    const mask = ids.length - 1
    let slot = this.home(id)
    while (members[slot] !== undefined && ids[slot] !== id) slot = (slot + 1) & mask
    return slot
  }

  private resize(slots: number): void {
    const { ids, members } = this
    this.ids = new Array<number>(slots).fill(0)
    this.members = new Array<A | undefined>(slots).fill(undefined)
    this.shift = shiftOf(slots)
    for (let old = 0; old < members.length; old++) {
      if (members[old] === undefined) continue
      const slot = this.slotOf(ids[old]!)
      this.ids[slot] = ids[old]!
      this.members[slot] = members[old]
    }
    // The old table holds nothing either.
    members.fill(undefined)
  }
}

/** As many upper bits of a hash as name a slot. */
const shiftOf = (slots: number): number => 32 - Math.log2(slots)
