import { Duplex } from "node:stream"

/** One end of a connection in memory: what the connection writes is kept, what the test pushes is read at once. */
export class Wire extends Duplex {
  written = ""
  writes = 0
  /** Holds write callbacks back, as a full kernel buffer does. */
  stalled = false
  private release: (() => void) | undefined

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.keep(Buffer.from(chunk).toString("latin1"), callback)
  }

  override _writev(chunks: Array<{ chunk: Buffer }>, callback: () => void): void {
    this.keep(chunks.map(({ chunk }) => Buffer.from(chunk).toString("latin1")).join(""), callback)
  }

  /** Bytes, text as latin1, from the peer. */
  arrive(bytes: string | Uint8Array): void {
    this.push(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : Buffer.from(bytes))
  }

  /** The peer's FIN. A socket looks for its end at once, paused or not. */
  fin(): void {
    this.push(null)
    this.read(0)
  }

  /** Room again after `stalled`. */
  unstall(): void {
    this.stalled = false
    const { release } = this
    this.release = undefined
    release?.()
  }

  private keep(text: string, callback: () => void): void {
    this.written += text
    this.writes++
    if (this.stalled) this.release = callback
    else callback()
  }
}
