import { NodeRuntime } from "@effect/platform-node"
import type { Effect } from "effect"
import { fileURLToPath } from "node:url"

/** Runs a program when its module is the one that was started, and not when a test imports it. */
export const runMain = (moduleUrl: string, program: Effect.Effect<void, unknown>): void => {
  if (process.argv[1] === fileURLToPath(moduleUrl)) NodeRuntime.runMain(program)
}
