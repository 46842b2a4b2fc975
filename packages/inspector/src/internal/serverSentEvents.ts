/**
 * The text/event-stream format.
 *
 * @internal
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Stream from "effect/Stream"

/** One message; JSON text has no line breaks. */
export const message = (event: string, json: string): string => `event: ${event}\ndata: ${json}\n\n`

/** How long a browser waits before it connects again, and a comment that makes it see the headers at once. */
const beginning = "retry: 1000\n: the stream is open\n\n"

/** An answer that lasts as long as its messages come. What the client does not take in time is left to the source to drop. */
export const answer = (messages: Stream.Stream<string>): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.stream(Stream.encodeText(Stream.concat(Stream.make(beginning), messages)), {
    contentType: "text/event-stream",
    headers: {
      // When a server that closes has ended the stream, the browser asks again. It must not find this connection still open: nobody
      // answers on it any more, and the server would wait for it for ever.
      connection: "close",
      "x-accel-buffering": "no" // nginx would hold the messages back
    }
  })
