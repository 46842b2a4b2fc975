// Uploads of small pieces, for which Nagle's algorithm makes a difference.
import { ConnectionPool } from "@connection-pool/core/ConnectionPool"
import type { ConnectionPoolCore } from "@connection-pool/platform-node/ConnectionPoolCore"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Answer } from "../server/messages.js"

/** In the first ones the system acknowledges at once whatever comes. */
const uploads = 25
const warmUps = 10

const piece = Buffer.from("a small piece")

/** A moment between the two, so that they are two. */
const body = Stream.concat(Stream.make(piece), Stream.fromEffect(Effect.as(Effect.sleep(2), piece)))

/** Milliseconds that the server waited for the bodies. The class takes whole bodies only: these go by the pool inside it. */
export const uploadTimes = async (pool: ConnectionPoolCore, url: string): Promise<ReadonlyArray<number>> => {
  const upload = Effect.gen(function*() {
    const { execute } = yield* ConnectionPool
    const response = yield* execute({ method: "POST", url, body })
    return (yield* response.json) as Answer
  })
  const answers = await Effect.runPromise(Effect.provide(Effect.replicateEffect(upload, uploads), pool.layer))
  return answers.slice(warmUps).map(({ bodyTime }) => bodyTime)
}
