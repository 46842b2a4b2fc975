// Pools as the environment sets them.
import { ConnectionPoolCore } from "@connection-pool/platform-node/ConnectionPoolCore"

export type Environment = Readonly<Record<string, string>>

/** Opens a pool that a proof looks at: the proofs' own tests open one that knows no environment. */
export type Open = (environment: Environment) => ConnectionPoolCore

/** Reads this process's environment with these variables in it, and nothing of what it said of them before. */
export const fromEnvironment: Open = (environment) => {
  const before = process.env
  process.env = { ...before, ...environment }
  try {
    return ConnectionPoolCore.fromEnvironment()
  } finally {
    process.env = before
  }
}
