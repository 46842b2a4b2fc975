import { Effect } from "effect"
import { spawn } from "node:child_process"

export interface Ended {
  readonly code: number | null
  readonly printed: string
}

/** A program of `fixtures` in a process of its own. */
export interface Fixture {
  /** Resolves with its output as soon as that contains `text`; rejects when it ends without. */
  readonly says: (text: string) => Effect.Effect<string>
  /** What it prints and how it ends. */
  readonly ended: Effect.Effect<Ended>
  readonly tell: (text: string) => void
  readonly kill: (signal: NodeJS.Signals) => void
}

/** Starts a program, which is killed with the scope where it has not ended. It may have so many open files. */
export const startFixture = (name: string, argument: string, openFiles?: number) =>
  Effect.acquireRelease(
    Effect.sync((): Fixture => {
      const program = new URL(`../fixtures/${name}`, import.meta.url).pathname
      const command = [process.execPath, "--import", "tsx", program, argument]
      const limited = openFiles === undefined
        ? command
        : ["sh", "-c", `ulimit -n ${openFiles} && exec "$0" "$@"`, ...command]
      const child = spawn(limited[0]!, limited.slice(1), { stdio: ["pipe", "pipe", "inherit"] })
      let printed = ""
      child.stdout.setEncoding("utf8").on("data", (piece: string) => (printed += piece))
      child.stdin.on("error", () => {})
      const ended = new Promise<Ended>((resolve) =>
        child.once("close", (code) => resolve({ code, printed: printed.trim() }))
      )
      const says = (text: string) =>
        new Promise<string>((resolve, reject) => {
          const look = (): void => {
            if (printed.includes(text)) resolve(printed)
          }
          child.stdout.on("data", look)
          void ended.then(() => reject(new Error(`it ended without saying ${text}: ${printed}`)))
          look()
        })
      return {
        says: (text) => Effect.promise(() => says(text)),
        ended: Effect.promise(() => ended),
        tell: (text) => void child.stdin.write(text),
        kill: (signal) => void child.kill(signal)
      }
    }),
    ({ kill }) => Effect.sync(() => kill("SIGKILL"))
  )

/** Runs a program to its end. */
export const runFixture = (name: string, argument: string, openFiles?: number) =>
  Effect.scoped(Effect.flatMap(startFixture(name, argument, openFiles), ({ ended }) => ended))
