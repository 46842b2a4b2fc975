// The embedded servers, seen from the demo: a process of their own, for as long as the scope.
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ChildProcess } from "node:child_process"
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { BothCounts, FromServer, ToServer } from "./serverMessages.js"

export class ServerFailed extends Data.TaggedError("ServerFailed")<{ readonly reason: string }> {
  override get message(): string {
    return `the embedded servers did not start: ${this.reason}`
  }
}

export interface Server {
  readonly pid: number
  readonly httpUrl: URL
  readonly httpsUrl: URL
  /** Whom to trust: the certificate was made for this run. */
  readonly ca: string
  /**
   * What the servers count, as soon as no socket is open there, or else after `within` milliseconds; undefined when their
   * process has ended.
   */
  readonly counts: (within?: number) => Effect.Effect<BothCounts | undefined>
}

const spawn = Effect.sync(() => {
  const child = fork(fileURLToPath(new URL("./serverMain.ts", import.meta.url)), {
    // A process group of its own: a Ctrl-C in the terminal must not end the servers before the pool has drained.
    detached: true,
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
  return child.on("error", () => {}) // whoever waits for it sees it too
})

/** Servers end when their channel is closed; one that does not is killed. */
const end = (child: ChildProcess): Effect.Effect<void> =>
  Effect.async((resume) => {
    const ended = (): void => {
      clearTimeout(timer)
      resume(Effect.void)
    }
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    const timer = setTimeout(() => child.kill("SIGKILL"), 2_000)
    child.once("exit", ended)
    if (child.connected) child.disconnect()
  })

/** The next message, or undefined when the process ends before. */
const nextMessage = (child: ChildProcess): Effect.Effect<FromServer | undefined> =>
  Effect.async((resume) => {
    const forget = (): void => {
      child.off("message", onMessage)
      child.off("exit", onEnd)
      child.off("error", onEnd)
    }
    const onMessage = (message: unknown): void => {
      forget()
      resume(Effect.succeed(message as FromServer))
    }
    const onEnd = (): void => {
      forget()
      resume(Effect.succeed(undefined))
    }
    if (child.exitCode !== null || child.signalCode !== null) return onEnd()
    child.on("message", onMessage)
    child.on("exit", onEnd)
    child.on("error", onEnd)
    return Effect.sync(forget)
  })

export const start: Effect.Effect<Server, ServerFailed, Scope.Scope> = Effect.gen(function*() {
  const child = yield* Effect.acquireRelease(spawn, end)
  const ready = yield* nextMessage(child).pipe(
    Effect.timeoutFail({
      duration: "30 seconds",
      onTimeout: () => new ServerFailed({ reason: "no word from them in 30 seconds" })
    })
  )
  if (ready?.type !== "ready" || child.pid === undefined) {
    const how = child.signalCode === null ? `code ${child.exitCode}` : child.signalCode
    return yield* new ServerFailed({ reason: `their process ended with ${how}` })
  }
  const ask: ToServer = { type: "count", within: 0 }
  return {
    pid: child.pid,
    httpUrl: new URL(`http://127.0.0.1:${ready.httpPort}/`),
    httpsUrl: new URL(`https://127.0.0.1:${ready.httpsPort}/`),
    ca: ready.ca,
    counts: (within = 0) =>
      Effect.suspend(() => {
        if (!child.connected) return Effect.succeed(undefined)
        child.send({ ...ask, within })
        return Effect.map(nextMessage(child), (answer) => answer?.type === "counts" ? answer.counts : undefined)
      })
  }
})
