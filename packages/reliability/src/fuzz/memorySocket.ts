// A socket without a network: what the client writes is heard at once, what the server sends is read at once.
import type * as net from "node:net"
import { Duplex } from "node:stream"

export class MemorySocket extends Duplex {
  private readonly hear: (text: string) => void

  constructor(hear: (text: string) => void) {
    super()
    this.hear = hear
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.hear(chunk.toString("latin1"))
    done()
  }

  /** As the clients want it: they use no more of a socket than there is here. */
  asSocket(): net.Socket {
    return this as unknown as net.Socket
  }
}
