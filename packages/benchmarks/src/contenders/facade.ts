// The pool for code without Effect.
import { ConnectionPoolCore } from "@connection-pool/platform-node/ConnectionPoolCore"
import { BrokenRun } from "../brokenRun.js"
import type { Open } from "../contender.js"
import { urlsOf } from "../contender.js"
import { promises } from "../drivers.js"
import { check, checkStatus, giveUpAfter, neverPath } from "../workload.js"

export const core: Open = async (setup) => {
  const { ca, connections, idleFor, origins, workload } = setup
  const { body, headers, method, reads } = workload
  const options = { body, headers, method, parseJson: reads === "json" }
  const pool = new ConnectionPoolCore({
    maxSockets: connections,
    // Its default, half of them, is for those who want few idle ones.
    maxFreeSockets: connections,
    maxConnections: Math.max(1_024, connections, origins.length),
    maxWaiting: Math.max(10_000, connections),
    ...(idleFor !== undefined && { idleTimeout: idleFor }),
    ...(ca !== undefined && { tls: { ca } })
  })
  const url = urlsOf(setup)
  const never = urlsOf(setup, neverPath)
  return {
    play: promises(
      workload,
      async () => {
        const { data, status } = await pool.execute(url(), options)
        checkStatus(status)
        check(workload, data)
      },
      async () => {
        const signal = AbortSignal.timeout(giveUpAfter)
        try {
          await pool.execute(never(), { ...options, signal })
        } catch (error) {
          if (signal.aborted) return
          throw error
        }
        throw new BrokenRun("a call was answered that is never answered")
      }
    ),
    close: async () => void await pool.close()
  }
}
