// The machine's own tests and no others, for `pnpm coverage:machine` and `pnpm mutation`.
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  test: {
    projects: [{ extends: true, test: { name: "machine", include: ["test/machine/**/*.test.ts"] } }],
    coverage: {
      provider: "v8",
      include: ["src/machine/**/*.ts"],
      reporter: ["text", "html"],
      reportsDirectory: "coverage",
      // Counts branches as they are written. Without it v8 counts those of functions that ran, and a file that nobody loads has none.
      experimentalAstAwareRemapping: true,
      thresholds: { branches: 100, functions: 100, lines: 100, statements: 100, perFile: true }
    }
  }
})
