import { Effect } from "effect"
import type { ConnectionPoolCoreOptions } from "../../src/ConnectionPoolCore.js"
import { ConnectionPoolCore, ConnectionPoolCoreError } from "../../src/ConnectionPoolCore.js"

/** A `ConnectionPoolCore` that is destroyed with the scope. */
export const scopedCore = (
  options?: ConnectionPoolCoreOptions,
  make: (options?: ConnectionPoolCoreOptions) => ConnectionPoolCore = (given) => new ConnectionPoolCore(given)
) => Effect.acquireRelease(Effect.sync(() => make(options)), (core) => Effect.promise(() => core.destroy()))

/** The error that something throws, or rejects with: a `ConnectionPoolCoreError`. */
export const errorOf = async (run: () => unknown): Promise<ConnectionPoolCoreError> => {
  try {
    await run()
  } catch (error) {
    if (error instanceof ConnectionPoolCoreError) return error
    throw new Error("it is not a ConnectionPoolCoreError", { cause: error })
  }
  throw new Error("it did not fail")
}

export const failure = (run: () => unknown) => Effect.promise(() => errorOf(run))
