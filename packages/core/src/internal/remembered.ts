/**
 * What is made of a text, made once for the texts that come again and again.
 *
 * @internal
 */

const limit = 1_000

/** A longer text is not remembered. */
const longest = 4_096

export class Remembered<A> {
  private readonly known = new Map<string, A>()
  private readonly make: (text: string) => A

  constructor(make: (text: string) => A) {
    this.make = make
  }

  of(text: string): A {
    if (text.length > longest) return this.make(text)
    const known = this.known.get(text)
    if (known !== undefined) return known
    const made = this.make(text)
    // Who sends other texts each time must not fill the memory.
    if (this.known.size >= limit) this.known.clear()
    this.known.set(text, made)
    return made
  }
}
