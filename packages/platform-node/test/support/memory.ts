import * as v8 from "node:v8"
import * as vm from "node:vm"

v8.setFlagsFromString("--expose-gc")

/** Collects everything that nobody holds. */
export const collectGarbage: () => void = vm.runInNewContext("gc")

/** Bytes in use on the heap and behind it, when what nobody holds has gone. */
export const memoryInUse = (): number => {
  collectGarbage()
  const { external, heapUsed } = process.memoryUsage()
  return heapUsed + external
}
