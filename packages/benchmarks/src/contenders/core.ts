// The pool without Effect: the class with Promises over the same pool.
import { ConnectionPoolCore } from "@connection-pool/platform-node/ConnectionPoolCore"
import { BrokenRun } from "../brokenRun.js"
import type { Open } from "../contender.js"
import { urlsOf } from "../contender.js"
import { promises } from "../drivers.js"
import { check, checkStatus, giveUpAfter, neverPath } from "../workload.js"

export const core: Open = async (setup) => {
  const { ca, connections, workload } = setup
  const { body, headers, method, reads } = workload
  const pool = new ConnectionPoolCore({ maxSockets: connections, maxFreeSockets: connections, tls: { ca } })
  const url = urlsOf(setup)
  const never = urlsOf(setup, neverPath)
  const options = { method, headers, body, parseJson: reads === "json" }
  const giveUp = async (): Promise<void> => {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), giveUpAfter)
    try {
      await pool.execute(never(), { ...options, signal: controller.signal })
    } catch (error) {
      if (controller.signal.aborted) return
      throw error
    } finally {
      clearTimeout(timer)
    }
    throw new BrokenRun("a call was answered that is never answered")
  }
  return {
    play: promises(
      workload,
      async () => {
        const { data, status } = await pool.execute(url(), options)
        checkStatus(status)
        check(workload, data)
      },
      giveUp
    ),
    close: () => pool.destroy()
  }
}
