import { HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer, Schema, Stream } from "effect"
import { createServer } from "node:http"

const piece = new Uint8Array(64 * 1024)

const zeros = (size: number) =>
  Stream.concat(
    Stream.repeatEffect(Effect.succeed(piece)).pipe(Stream.take(Math.floor(size / piece.length))),
    Stream.succeed(piece.subarray(0, size % piece.length))
  )

const app = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/zeros/:size",
    Effect.map(
      HttpRouter.schemaPathParams(Schema.Struct({ size: Schema.NumberFromString.pipe(Schema.int()) })),
      ({ size }) => HttpServerResponse.stream(zeros(size), { contentLength: size })
    )
  )
)

/** A server of files, made as they are asked for. */
export const FilesLive = HttpServer.serve(app).pipe(
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)
