// Numbers that look random and are the same each time for the same seed.
import * as Effect from "effect/Effect"
import * as EffectRandom from "effect/Random"
import { PCGRandom } from "effect/Utils"

export class Random {
  private readonly source: PCGRandom

  constructor(seed: number) {
    this.source = new PCGRandom(seed)
  }

  /** In [0, 1). */
  fraction(): number {
    return this.source.number()
  }

  /** A whole number from 0 to `end - 1`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end)
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<A>(choices: ReadonlyArray<A>): A {
    return choices[this.below(choices.length)]!
  }

  /** As Effect's own, for the fractions that a pool draws. */
  asEffects(): EffectRandom.Random {
    return Object.create(EffectRandom.make(0), { next: { value: Effect.sync(() => this.fraction()) } })
  }

  /** One of the keys, each as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const names = Object.keys(weights) as Array<Name>
    let rest = this.fraction() * names.reduce((sum, name) => sum + weights[name], 0)
    return names.find((name) => (rest -= weights[name]) < 0) ?? names[names.length - 1]!
  }
}

/** Seeds are whole numbers below this. */
export const seeds = 2 ** 32

/** The seed of the run with this index; the first run has the seed itself, so that any run can be repeated alone. */
export const seedOfRun = (seed: number, index: number): number => {
  if (index === 0) return seed
  let mixed = Math.imul(seed ^ Math.imul(index, 0x9e3779b1), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
