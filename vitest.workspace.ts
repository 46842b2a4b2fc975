import { defineWorkspace } from "vitest/config"

interface Apart {
  readonly name: string
  readonly include: ReadonlyArray<string>
}

/**
 * The tests of a package. With `--no-isolate`, as `npm test` has it, its files share processes, which load Effect once and not once
 * a file; files that cannot are a project of their own, which has processes of its own.
 */
const projects = (name: string, ...apart: ReadonlyArray<Apart>) => {
  // No test measures time by its limit: what hangs is found just as well later, and a busy machine is no failure.
  const common = { root: `packages/${name}`, testTimeout: 30_000, hookTimeout: 30_000 }
  return [
    {
      test: {
        ...common,
        name,
        include: ["test/**/*.test.ts"],
        exclude: apart.flatMap(({ include }) => include),
        benchmark: { include: ["test/**/*.bench.ts"] }
      }
    },
    ...apart.map((files) => ({ test: { ...common, name: `${name}: ${files.name}`, include: [...files.include] } }))
  ]
}

export default defineWorkspace([
  ...projects("core", { name: "garbage", include: ["test/internal/primitives.test.ts"] }),
  ...projects(
    "platform-node",
    { name: "watched zlib", include: ["test/NodeContentDecoder.test.ts"] },
    { name: "watched zlib that is held", include: ["test/NodeContentDecoder.flow.test.ts"] }
  ),
  // Prometheus counts whatever its process has done.
  ...projects("inspector", { name: "Prometheus", include: ["test/prometheus.test.ts"] }),
  ...projects("demo"),
  ...projects("examples"),
  ...projects("benchmarks"),
  ...projects("reliability"),
  ...projects("acceptance")
])
