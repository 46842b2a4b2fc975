/** A decoder that does nothing by itself: the story pulls its strings, and the transport's. */
import { ConnectionPool, Connector, ContentDecoder, type PoolConfig } from "@connection-pool/core"
import { Effect, Layer } from "effect"
import { assertAtRest } from "./pool.js"
import type { Puppet } from "./puppet.js"
import { puppets } from "./puppet.js"

/** A body that is being decoded as the story says. */
export class PuppetDecoding implements ContentDecoder.Decoding {
  /** What the pool did. */
  readonly calls: Array<string> = []
  hasRoom = true
  readonly codings: ReadonlyArray<string>
  readonly observer: ContentDecoder.DecodingObserver

  constructor(codings: ReadonlyArray<string>, observer: ContentDecoder.DecodingObserver) {
    this.codings = codings
    this.observer = observer
  }

  write(piece: Uint8Array): boolean {
    this.calls.push(`write ${piece.length}`)
    return this.hasRoom
  }

  end(): void {
    this.calls.push("end")
  }

  pause(): void {
    this.calls.push("pause")
  }

  resume(): void {
    this.calls.push("resume")
  }

  close(): void {
    this.calls.push("close")
  }

  get closes(): number {
    return this.calls.filter((call) => call === "close").length
  }
}

/** Knows `x-a` and `x-b`, and asks for them; knows `x-c`, too. */
export const puppetDecoder = () => {
  const made: Array<PuppetDecoding> = []
  const layer = Layer.succeed(ContentDecoder.ContentDecoder, {
    codings: ["x-a", "x-b"],
    supports: (coding) => ["x-a", "x-b", "x-c"].includes(coding),
    decode: (codings, observer) => {
      const decoding = new PuppetDecoding(codings, observer)
      made.push(decoding)
      return decoding
    }
  })
  return { made, layer }
}

/** The wire and the decoder, both in the hands of the story. */
export interface Strings {
  readonly decodings: ReadonlyArray<PuppetDecoding>
  readonly connections: ReadonlyArray<Puppet>
  /** The headers of the answer on the first connection. */
  readonly head: (headers: Readonly<Record<string, string>>, contentLength?: number, status?: number) => void
}

export const withStrings = <A, E>(
  story: (pool: ConnectionPool.Service, strings: Strings) => Effect.Effect<A, E>,
  options: PoolConfig.PoolOptions = {}
) =>
  Effect.suspend(() => {
    const decoder = puppetDecoder()
    const { connect, made: connections } = puppets()
    const head: Strings["head"] = (headers, contentLength, status = 200) => {
      connections[0]!.progress = "response-started"
      connections[0]!.observer!.onHead({ status, rawHeaders: Object.entries(headers).flat(), contentLength })
    }
    return Effect.flatMap(
      ConnectionPool.ConnectionPool,
      (pool) => Effect.zipLeft(story(pool, { decodings: decoder.made, connections, head }), assertAtRest(pool))
    ).pipe(
      Effect.provide(
        ConnectionPool.layer({ drainTimeout: 0, decompress: true, ...options }).pipe(
          Layer.provide(Layer.succeed(Connector.Connector, { connect })),
          Layer.provide(decoder.layer),
          Layer.provide(Layer.succeed(ConnectionPool.CheckLaws, true))
        )
      )
    )
  })

export const encoded = { "Content-Encoding": "x-a" }
