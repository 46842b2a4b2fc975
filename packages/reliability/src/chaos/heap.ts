// The JavaScript heap when everything that nobody needs has gone.
import { setImmediate } from "node:timers/promises"
import * as v8 from "node:v8"
import * as vm from "node:vm"

v8.setFlagsFromString("--expose-gc")
const collectGarbage: () => void = vm.runInNewContext("gc")

/** Finalizers and weak references need more than one. */
const collections = 4

/** Bytes in use. */
export const usedHeap = async (): Promise<number> => {
  for (let i = 0; i < collections; i++) {
    await setImmediate()
    collectGarbage()
  }
  return process.memoryUsage().heapUsed
}
