import { defineWorkspace } from "vitest/config"

const project = (name: string) => ({
  test: { name, root: `packages/${name}`, include: ["test/**/*.test.ts"] }
})

export default defineWorkspace([
  project("core"),
  project("platform-node"),
  project("demo"),
  project("examples"),
  project("benchmarks"),
  project("reliability")
])
