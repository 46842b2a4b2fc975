// Choices that a seed makes, the same ones each time.
import { PCGRandom } from "effect/Utils"

export class Random {
  private readonly source: PCGRandom

  constructor(seed: number) {
    // Seeds in a row must not begin alike, so their bits are spread first.
    this.source = new PCGRandom(seed >>> 0, Math.imul(seed, 0x9e3779b1) >>> 0)
  }

  /** From 0 to `below`, which is left out. */
  below(below: number): number {
    return Math.floor(this.source.number() * below)
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** True `percent` times of a hundred. */
  chance(percent: number): boolean {
    return this.source.number() * 100 < percent
  }

  pick<A>(choices: ReadonlyArray<A>): A {
    return choices[this.below(choices.length)]!
  }

  weighted<A>(choices: ReadonlyArray<readonly [weight: number, choice: A]>): A {
    let left = this.source.number() * choices.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, choice] of choices) {
      left -= weight
      if (left < 0) return choice
    }
    return choices.at(-1)![1]
  }
}
