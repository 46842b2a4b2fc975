// The last net. A loop without an end, in the code that is tested, cannot be ended from inside the thread that runs it: another one
// watches, says where it happened, and kills the process.
import { Worker } from "node:worker_threads"

export interface Watchdog {
  /** From now on these cases are to blame. */
  readonly at: (cases: string) => void
  readonly end: () => Promise<void>
}

/** Runs in a thread of its own. It is JavaScript, since nothing translates TypeScript there. */
const source = `
  const { parentPort, workerData } = require("node:worker_threads")
  const { writeSync } = require("node:fs")
  let beat = performance.now()
  let cases = ""
  parentPort.on("message", (message) => {
    beat = performance.now()
    if (message !== undefined) cases = message
  })
  setInterval(() => {
    if (performance.now() - beat < workerData.patience) return
    writeSync(2, "\\nThe event loop has stood still for " + workerData.patience / 1000 + " s, in " + cases + "\\n")
    process.kill(process.pid, "SIGKILL")
  }, workerData.patience / 10)
`

/** Kills the process when its event loop stands still for so many milliseconds. */
export const watch = (patience: number = 30_000): Watchdog => {
  const worker = new Worker(source, { eval: true, workerData: { patience } })
  worker.unref()
  const beat = setInterval(() => worker.postMessage(undefined), patience / 10)
  beat.unref()
  return {
    at: (cases) => worker.postMessage(cases),
    end: async () => {
      clearInterval(beat)
      await worker.terminate()
    }
  }
}
