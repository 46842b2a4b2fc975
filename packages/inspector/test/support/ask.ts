// An HTTP client that sends what it is told, `Host` included, which `fetch` would not.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { once } from "node:events"
import * as http from "node:http"

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

export interface Question {
  readonly method?: string
  readonly host?: string
}

export const ask = (port: number, path: string, question: Question = {}): Effect.Effect<Answer> =>
  Effect.async((resume) => {
    const { host = `127.0.0.1:${port}`, method = "GET" } = question
    const request = http.request(
      { host: "127.0.0.1", port, path, method, headers: { host }, agent: false },
      (response) => {
        let text = ""
        response.setEncoding("utf8").on("data", (piece: string) => text += piece)
          .once("end", () => resume(Effect.succeed({ status: response.statusCode!, headers: response.headers, text })))
      }
    )
    request.once("error", (error) => resume(Effect.die(error))).end()
    return Effect.sync(() => request.destroy())
  })

export interface Ended {
  readonly text: string
  /** Ended by the server, and not cut off. */
  readonly complete: boolean
}

/** A stream of events that has begun. */
export interface Listening {
  /** All that has come, as soon as it includes this. */
  readonly until: (part: string) => Promise<string>
  readonly ended: Promise<Ended>
}

export const listen = (port: number, path: string): Effect.Effect<Listening, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<readonly [http.ClientRequest, Listening]>((resume) => {
      const request = http.get({ host: "127.0.0.1", port, path, agent: false }, (response) => {
        let text = ""
        const until = async (part: string): Promise<string> => {
          while (!text.includes(part)) await once(response, "data")
          return text
        }
        const ended = new Promise<Ended>((resolve) =>
          response.once("close", () => resolve({ text, complete: response.complete }))
        )
        response.on("error", () => {}).setEncoding("utf8").on("data", (piece: string) => text += piece)
        resume(Effect.as(Effect.promise(() => until("open")), [request, { until, ended }]))
      })
    }),
    ([request]) => Effect.sync(() => request.destroy())
  ).pipe(Effect.map(([, listening]) => listening))
