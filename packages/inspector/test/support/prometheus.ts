// Prometheus and its promtool as Debian has them. Where they are not installed, the tests that need them are skipped, with a word.
import type * as Vitest from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { createInterface } from "node:readline"

type TestContext = Vitest.TestContext

const needs = (ctx: TestContext, program: string): Effect.Effect<void> =>
  Effect.sync(() => {
    if (spawnSync(program, ["--version"]).error !== undefined) ctx.skip(`${program} is not installed`)
  })

/** Runs promtool on a text. */
export const promtool = (ctx: TestContext, args: ReadonlyArray<string>, input = "") =>
  Effect.zipRight(
    needs(ctx, "promtool"),
    Effect.sync(() => {
      const { status, stderr, stdout } = spawnSync("promtool", args, { input, encoding: "utf8" })
      return { code: status, output: `${stdout}${stderr}` }
    })
  )

export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [at: number, value: string]
}

const temporaryDirectory = Effect.acquireRelease(
  Effect.promise(() => fs.mkdtemp(path.join(os.tmpdir(), "prometheus-"))),
  (directory) => Effect.promise(() => fs.rm(directory, { recursive: true }))
)

/** A Prometheus server that scrapes one target five times a second and evaluates the rules of a file. */
export const prometheusServer = (ctx: TestContext, options: { readonly target: string; readonly rules: string }) =>
  Effect.gen(function*() {
    yield* needs(ctx, "prometheus")
    const directory = yield* temporaryDirectory
    const config = {
      global: { scrape_interval: "200ms", scrape_timeout: "200ms", evaluation_interval: "200ms" },
      rule_files: [options.rules],
      scrape_configs: [{ job_name: "shop", static_configs: [{ targets: [options.target] }] }]
    }
    // JSON is YAML.
    yield* Effect.promise(() => fs.writeFile(path.join(directory, "config.yml"), JSON.stringify(config)))
    const server = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn("prometheus", [
          "--config.file=config.yml",
          "--storage.tsdb.path=data",
          "--web.listen-address=127.0.0.1:0",
          "--log.format=json"
        ], { cwd: directory, stdio: ["ignore", "ignore", "pipe"] })
      ),
      (child) =>
        Effect.promise(async () => {
          if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit")
        })
    )
    const address = yield* Effect.async<string, Error>((resume) => {
      const log: Array<string> = []
      const lines = createInterface(server.stderr)
      lines.on("line", (line) => {
        log.push(line)
        const { address, msg } = JSON.parse(line) as { readonly address?: string; readonly msg?: string }
        if (msg === "Listening on" && address !== undefined) resume(Effect.succeed(address))
      })
      lines.on("close", () => resume(Effect.fail(new Error(`prometheus ended:\n${log.join("\n")}`))))
    })

    const get = (endpoint: string): Effect.Effect<unknown, Error> =>
      Effect.tryPromise({
        try: async () => {
          const response = await fetch(`http://${address}/api/v1/${endpoint}`)
          const text = await response.text()
          if (!response.ok) throw new Error(`${endpoint}: ${text}`)
          return (JSON.parse(text) as { readonly data: unknown }).data
        },
        catch: (cause) => cause instanceof Error ? cause : new Error(String(cause))
      })

    const query = (expr: string): Effect.Effect<ReadonlyArray<Sample>, Error> =>
      Effect.map(
        get(`query?query=${encodeURIComponent(expr)}`),
        (data) => (data as { readonly result: ReadonlyArray<Sample> }).result
      )

    /** The one number that an expression has, or NaN. */
    const value = (expr: string): Effect.Effect<number, Error> =>
      Effect.map(query(expr), (samples) => samples.length === 1 ? Number(samples[0]?.value[1]) : NaN)

    /** Another program's clock: all that can be done is to ask again. The test's own time limit ends it. */
    const until = <A>(ask: Effect.Effect<A, Error>, isThere: (answer: A) => boolean): Effect.Effect<A> =>
      ask.pipe(
        Effect.filterOrFail(isThere, () => new Error("not yet")),
        Effect.retry(Schedule.spaced("50 millis")),
        Effect.orDie
      )

    return { get, query, until, value }
  })
