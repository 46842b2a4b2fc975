import type { Profiler } from "node:inspector"
import { expect, it } from "vitest"
import { layers, sharesOf, watch } from "../src/shares.js"

const node = (id: number, functionName: string, url: string, ...children: ReadonlyArray<number>) => ({
  id,
  callFrame: { functionName, url, scriptId: "1", lineNumber: 1, columnNumber: 1 },
  children: [...children]
})

it("the samples of a profile are counted by whose code they are in", () => {
  const profile: Profiler.Profile = {
    nodes: [
      node(1, "(root)", "", 2, 3, 4, 5, 12),
      node(2, "(idle)", ""),
      node(3, "(garbage collector)", ""),
      node(4, "onStreamRead", "node:internal/stream_base_commons", 6),
      node(5, "post", "node:inspector", 7),
      node(6, "execute", "file:///project/packages/platform-node/dist/esm/internal/llhttp.js", 8, 9, 10, 11),
      node(7, "dispatch", ""),
      node(8, "wasm-function[20]", "wasm://wasm/1"),
      node(9, "now", ""),
      node(10, "runLoop", "file:///project/node_modules/effect/dist/esm/internal/fiberRuntime.js"),
      node(11, "writeLatin1String", ""),
      node(12, "isRight", "file:///project/packages/benchmarks/build/src/workloads.js")
    ],
    startTime: 0,
    endTime: 1,
    samples: [2, 3, 4, 7, 6, 8, 9, 10, 11, 12],
    timeDeltas: [500, 1, 2, 900, 3, 4, 5, 6, 7, 12]
  }
  expect(sharesOf(profile)).toEqual({
    write: 7 / 40,
    "Node.js": 2 / 40,
    parser: 4 / 40,
    // What V8 does for somebody is his.
    client: (3 + 5) / 40,
    Effect: 6 / 40,
    garbage: 1 / 40,
    caller: 12 / 40
  })
})

it("the shares of a real profile are those of a whole", async () => {
  const stop = await watch()
  for (const end = performance.now() + 50; performance.now() < end;) JSON.parse("[1, 2, 3]")
  const shares = await stop()
  expect(shares.caller).toBeGreaterThan(0)
  expect(layers.reduce((sum, layer) => sum + shares[layer], 0)).toBeCloseTo(1)
})
