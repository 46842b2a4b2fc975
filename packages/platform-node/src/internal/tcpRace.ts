/**
 * Opens TCP to a host that may have several addresses, as RFC 8305 has it: each is tried a moment after the one before, which is not
 * given up for it, and the first that answers wins. The runtime's own way gives an address up before it tries the next, so that a
 * slow network, or a busy event loop, loses the one that was about to answer.
 *
 * @since 0.1.0
 */
import type { Span } from "effect/Tracer"
import dns from "node:dns"
import * as net from "node:net"
import type { DialSpans } from "./dialSpans.js"

/** How long an address is tried alone before the next is tried beside it (RFC 8305, 5). */
const attemptDelay = 250

/** How many addresses are tried at once. */
const mostAtOnce = 6

/** The families in turn, beginning with that of the first address (RFC 8305, 4); none twice. */
const inTurns = (addresses: ReadonlyArray<dns.LookupAddress>): ReadonlyArray<string> => {
  const first = addresses.filter(({ family }) => family === addresses[0]!.family)
  const others = addresses.filter(({ family }) => family !== addresses[0]!.family)
  const longer = Math.max(first.length, others.length)
  const turns = Array.from({ length: longer }, (_, i) => [first[i], others[i]]).flat()
  return [...new Set(turns.flatMap((address) => address === undefined ? [] : [address.address]))]
}

const printAddress = (host: string): string => (net.isIPv6(host) ? `[${host}]` : host)

const peerAttributes = (host: string, port: number) => ({
  "network.peer.address": host,
  "network.peer.port": port,
  "network.transport": "tcp",
  "network.type": net.isIPv6(host) ? "ipv6" : "ipv4"
})

/**
 * Where to, how much a socket holds at once, and what opens it.
 *
 * @internal
 */
export interface TcpOptions {
  readonly host: string
  readonly port: number
  readonly highWaterMark: number
  readonly connect: (options: net.TcpNetConnectOpts) => net.Socket
  /** Where the dial is traced. */
  readonly spans?: DialSpans | undefined
}

/**
 * One dial. It calls back once, unless it is cancelled before.
 *
 * @internal
 */
export class TcpRace {
  private readonly attempts = new Map<net.Socket, Span | undefined>()
  private readonly errors: Array<Error> = []
  private addresses: ReadonlyArray<string> = []
  private tried = 0
  private timer: ReturnType<typeof setTimeout> | undefined = undefined
  private over = false
  private readonly options: TcpOptions
  private readonly onOpen: (socket: net.Socket) => void
  private readonly onFailure: (error: Error) => void

  constructor(
    options: TcpOptions,
    onOpen: (socket: net.Socket) => void,
    onFailure: (error: Error) => void
  ) {
    this.options = options
    this.onOpen = onOpen
    this.onFailure = onFailure
    if (net.isIP(options.host) !== 0) {
      this.start([options.host])
    } else {
      const { host, spans } = options
      const span = spans?.start(`DNS lookup ${host}`, { "dns.question.name": host })
      dns.lookup(host, { all: true, hints: dns.ADDRCONFIG }, (error, addresses) => {
        if (this.over) return
        if (error === null) {
          spans?.succeeded(span, { "dns.answers": addresses.map(({ address }) => address) })
          this.start(inTurns(addresses))
        } else {
          spans?.failed(span, error)
          this.fail(error)
        }
      })
    }
  }

  /** Nothing of it stays open, and nobody is called. */
  cancel(): void {
    this.end()
    for (const socket of this.attempts.keys()) socket.destroy()
    this.attempts.clear()
    this.options.spans?.abandon()
  }

  private start(addresses: ReadonlyArray<string>): void {
    this.addresses = addresses
    if (addresses.length > 0) this.next()
    else this.fail(Object.assign(new Error(`${this.options.host} has no address`), { code: "ENODATA" }))
  }

  private next(): void {
    clearTimeout(this.timer)
    const host = this.addresses[this.tried++]
    if (host === undefined) return
    const { connect, spans, ...tcp } = this.options
    const socket = connect({ ...tcp, host })
    const { port } = tcp
    this.attempts.set(socket, spans?.start(`socket connect ${printAddress(host)}:${port}`, peerAttributes(host, port)))
    socket.once("connect", () => this.won(socket)).once("error", (error) => this.lost(socket, error))
    if (this.tried < this.addresses.length && this.attempts.size < mostAtOnce) {
      this.timer = setTimeout(() => this.next(), attemptDelay)
    }
  }

  private won(socket: net.Socket): void {
    if (!this.attempts.has(socket)) return
    this.options.spans?.succeeded(this.attempts.get(socket))
    this.attempts.delete(socket)
    this.cancel()
    socket.removeAllListeners("error")
    this.onOpen(socket)
  }

  private lost(socket: net.Socket, error: Error): void {
    if (!this.attempts.has(socket)) return
    this.options.spans?.failed(this.attempts.get(socket), error)
    this.attempts.delete(socket)
    this.errors.push(error)
    socket.destroy()
    if (this.tried < this.addresses.length) this.next()
    else if (this.attempts.size === 0) this.fail(this.errors.length === 1 ? error : new AggregateError(this.errors))
  }

  private fail(error: Error): void {
    this.end()
    this.onFailure(error)
  }

  private end(): void {
    this.over = true
    clearTimeout(this.timer)
  }
}
