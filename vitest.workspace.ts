import { defineWorkspace } from "vitest/config"

const project = (name: string) => ({
  // No test measures time by its limit: what hangs is found just as well later, and a busy machine is no failure.
  test: {
    name,
    root: `packages/${name}`,
    include: ["test/**/*.test.ts"],
    benchmark: { include: ["test/**/*.bench.ts"] },
    testTimeout: 30_000,
    hookTimeout: 30_000
  }
})

export default defineWorkspace([
  project("core"),
  project("platform-node"),
  project("inspector"),
  project("demo"),
  project("examples"),
  project("benchmarks"),
  project("reliability"),
  project("acceptance")
])
