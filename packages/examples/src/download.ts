// A large file to disk with its progress, in little memory: the disk's pace is the server's pace. The file appears under its
// name when it is complete; a download that fails or is interrupted leaves nothing behind, and no connection open.
import { PooledHttpClient } from "@connection-pool/core"
import { NodeConnectionPool } from "@connection-pool/platform-node"
import { FileSystem, HttpClient, HttpServer, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Console, Effect, Number, Option, Stream } from "effect"
import { FilesLive } from "./support/files.js"
import { runMain } from "./support/runMain.js"

export interface Progress {
  readonly received: number
  /** None where the server does not say. */
  readonly total: Option.Option<number>
}

/** Answers with the number of bytes. The file is written next to its place, since a rename works within one file system. */
export const download = (
  url: string,
  file: string,
  onProgress: (progress: Progress) => Effect.Effect<void> = () => Effect.void
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const part = yield* fs.makeTempFileScoped({ directory: path.dirname(file), prefix: ".download-" })
    // With a scope, an answer that is not read to its end is given up when the download ends, and not some time later.
    const client = (yield* HttpClient.HttpClient).pipe(HttpClient.filterStatusOk, HttpClient.withScope)
    const response = yield* client.get(url)
    const total = Option.flatMap(Option.fromNullable(response.headers["content-length"]), Number.parse)
    let received = 0
    yield* response.stream.pipe(
      Stream.tap((piece) => onProgress({ received: received += piece.length, total })),
      Stream.run(fs.sink(part))
    )
    yield* fs.rename(part, file)
    return received
  }).pipe(Effect.scoped)

const mebibyte = 1024 * 1024

/** Prints a line at every eighth of the file. */
const printProgress = () => {
  let printed = 0
  return ({ received, total }: Progress) => {
    const eighths = Math.floor(received * 8 / Option.getOrElse(total, () => Infinity))
    if (eighths === printed) return Effect.void
    printed = eighths
    return Console.log(`${Math.floor(received / mebibyte)} MiB, ${eighths * 12.5} %`)
  }
}

export const program = (baseUrl: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = yield* fs.makeTempDirectoryScoped()
    const file = path.join(directory, "zeros.bin")
    const bytes = yield* download(`${baseUrl}/zeros/${64 * mebibyte}`, file, printProgress())
    const { size } = yield* fs.stat(file)
    yield* Console.log(`${bytes} bytes came, ${size} are in the file`)
  }).pipe(
    Effect.scoped,
    // A stream has no time limit unless it is given one: here the next piece has to come within 10 seconds.
    PooledHttpClient.withOptions({ bodyTimeout: "10 seconds" }),
    Effect.provide([NodeConnectionPool.layerHttpClient(), NodeContext.layer])
  )

runMain(import.meta.url, HttpServer.addressFormattedWith(program).pipe(Effect.provide(FilesLive)))
