/**
 * The text of an answer's headers: many names and values are decoded at once, and are parts of one text.
 *
 * @since 0.1.0
 */

/** What is decoded at once, at most, unless a single name or value is longer. */
const longest = 2048

/** What headers may be longer than those before without being decoded in two. */
const spare = 32

const none = -1

/** @internal */
export class HeaderText {
  private text = ""
  private start = 0
  private end = 0
  /** How much is decoded at once: about as much as the last headers took, and not the body behind them. */
  private length = longest
  /** Where in the chunk the first name begins, and what was asked for last ends. */
  private first = none
  private last = 0

  /** Of a part of the chunk that is being read. Parts are asked for in their order. */
  of(chunk: Buffer, start: number, end: number): string {
    if (this.first === none) this.first = start
    this.last = end
    if (start < this.start || end > this.end) {
      this.start = start
      this.end = Math.min(chunk.length, Math.max(end, start + this.length))
      this.text = chunk.toString("latin1", start, this.end)
    }
    return this.text.substring(start - this.start, end - this.start)
  }

  /** The headers of an answer are complete. */
  complete(): void {
    if (this.first !== none) this.length = Math.min(longest, this.last - this.first + spare)
    this.first = none
  }

  /** The chunk is read. */
  clear(): void {
    this.text = ""
    this.start = this.end = 0
    this.first = none
  }
}
