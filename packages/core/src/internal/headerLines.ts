/**
 * Headers in one list, names and values in turn: what the `HttpClient` hands to the pool. A record would have to be copied from the
 * request's for each request, and its names listed.
 *
 * @internal
 */

const oneLine: ReadonlyArray<string> = [""]

export class HeaderLines implements Iterable<readonly [string, string]> {
  /** No literal, as everything that lives as long as its request (docs/DESIGN.md, 13.20). */
  readonly all: Array<string> = oneLine.slice(1)

  add(name: string, value: string): void {
    this.all.push(name, value)
  }

  /** For a pool that is not ours. */
  *[Symbol.iterator](): Iterator<readonly [string, string]> {
    for (let i = 0; i < this.all.length; i += 2) yield [this.all[i]!, this.all[i + 1]!]
  }
}
