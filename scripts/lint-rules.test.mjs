// Each rule of eslint.config.mjs that guards the design is shown a file that breaks it, and one that does not.
import { ESLint } from "eslint"
import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { fromRoot } from "./workspace.mjs"

const eslint = new ESLint({ cwd: fromRoot() })

/** The rules that a text breaks, formatting aside. */
const broken = async (filePath, code) => {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: fromRoot(filePath) })
  const messages = result.messages.filter(({ ruleId }) => ruleId !== "@effect/dprint")
  for (const { fatal, message } of messages) assert.ok(!fatal, message)
  return [...new Set(messages.map(({ ruleId }) => ruleId))]
}

const publicModule = "packages/core/src/Sample.ts"
const internal = "packages/core/src/internal/sample.ts"
const machine = "packages/core/src/machine/sample.ts"
const nodeModule = "packages/platform-node/src/Sample.ts"
const nodeInternal = "packages/platform-node/src/internal/sample.ts"
const inspector = "packages/inspector/src/internal/sample.ts"
const nodeTest = "packages/platform-node/test/sample.test.ts"

const imports = "@typescript-eslint/no-restricted-imports"
const globals = "no-restricted-globals"
const syntax = "no-restricted-syntax"

const fails = (rule, files, codes) => {
  for (const file of [files].flat()) {
    for (const code of [codes].flat()) {
      it(`${file}: ${code.split("\n").at(-1).slice(0, 100)}`, async () => {
        assert.deepEqual(await broken(file, code), [rule])
      })
    }
  }
}

const passes = (files, codes) => {
  for (const file of [files].flat()) {
    for (const code of [codes].flat()) {
      it(`allowed in ${file}: ${code.split("\n").at(-1).slice(0, 100)}`, async () => {
        assert.deepEqual(await broken(file, code), [])
      })
    }
  }
}

describe("the machine imports nothing but its siblings", () => {
  fails(imports, machine, [
    "import * as Effect from \"effect/Effect\"",
    "import type * as Effect from \"effect/Effect\"",
    "import * as net from \"node:net\"",
    "import { a } from \"../internal/a.js\"",
    "import type { Origin } from \"../Origin.js\"",
    "import { a } from \"./deeper/a.js\"",
    "import \"./sibling.ts\"",
    "export * from \"../Origin.js\"",
    "export { a } from \"fast-check\""
  ])
  fails(syntax, machine, [
    "export const a = () => import(\"./b.js\")",
    "export const a = async () => 1"
  ])
  passes(machine, [
    "import { a } from \"./b.js\"\nexport const c = a",
    "import type { A } from \"./b.js\"\nexport type C = A"
  ])
})

describe("the machine has no clock, no chance and no world", () => {
  fails(globals, machine, [
    "export const a = Date.now()",
    "export const a = new Date()",
    "export const a = performance.now()",
    "export const a = setTimeout(() => {}, 1)",
    "export const a = queueMicrotask",
    "export const a = globalThis",
    "export const a = Promise.resolve()",
    "export const a = process"
  ])
  fails("no-restricted-properties", machine, ["export const a = Math.random()", "export const { random } = Math"])
  passes(machine, "export const a = Math.max(1, 2)")
})

describe("the core knows no platform", () => {
  fails(imports, [publicModule, internal], [
    "import * as net from \"node:net\"",
    "import type * as net from \"node:net\"",
    "import * as fs from \"fs\"",
    "import * as fs from \"fs/promises\"",
    "import * as undici from \"undici\"",
    "import * as parser from \"undici/lib/llhttp/llhttp-wasm.js\"",
    "import * as NodeHttpClient from \"@effect/platform-node/NodeHttpClient\"",
    "import * as NodeSocket from \"@effect/platform-node-shared/NodeSocket\"",
    "import * as NodeConnector from \"@connection-pool/platform-node/NodeConnector\"",
    "import * as self from \"@connection-pool/core\""
  ])
  fails(syntax, internal, ["export const a = import(\"node:net\")"])
  fails(
    "@typescript-eslint/consistent-type-imports",
    [internal, machine],
    "export type A = import(\"node:net\").Socket"
  )
  fails(globals, "packages/core/src/internal/deadlines.ts", "export const a = Date.now()")
  fails(globals, [internal, publicModule], [
    "/** x */\nexport const a = Date.now()",
    "/** x */\nexport const a = performance.now()"
  ])
  passes("packages/core/src/internal/deadlines.ts", "export const a = performance.now()")
  passes(internal, [
    "import * as Effect from \"effect/Effect\"\nexport const a = Effect.void",
    "import type { Origin } from \"../Origin.js\"\nexport type A = Origin",
    "import { step } from \"../machine/poolMachine.js\"\nexport const a = step",
    "import { dual } from \"effect/Function\"\nexport const a = dual",
    "import type { Redacted } from \"effect/Redacted\"\nexport type A = Redacted",
    "import * as fsLike from \"effect/FastCheck\"\nexport const a = fsLike"
  ])
})

describe("a public module reaches the machine through ./internal", () => {
  fails(imports, publicModule, "import * as machine from \"./machine/poolMachine.js\"")
  passes(publicModule, [
    "import type { Command } from \"./machine/command.js\"\n/** x */\nexport type A = Command",
    "import * as internal from \"./internal/lease.js\"\n/** x */\nexport const a = internal"
  ])
})

describe("nobody outside uses the inside of the core", () => {
  fails(imports, [nodeModule, nodeInternal, nodeTest, inspector, "packages/demo/src/main.ts"], [
    "import * as lease from \"@connection-pool/core/internal/lease\"",
    "import type * as machine from \"@connection-pool/core/machine/poolMachine\"",
    "import * as Origin from \"../../core/src/Origin.js\"",
    "import * as lease from \"../../../core/src/internal/lease.js\""
  ])
  passes(nodeInternal, [
    "import * as net from \"node:net\"\nexport const a = net",
    "import * as PoolError from \"@connection-pool/core/PoolError\"\nexport const a = PoolError",
    "import { PoolError } from \"@connection-pool/core\"\nexport const a = PoolError"
  ])
})

describe("the inspector runs on any HttpServer", () => {
  fails(imports, [inspector, "packages/inspector/src/Inspector.ts"], [
    "import * as http from \"node:http\"",
    "import * as NodeHttpServer from \"@effect/platform-node/NodeHttpServer\"",
    "import * as NodeConnectionPool from \"@connection-pool/platform-node/NodeConnectionPool\""
  ])
  passes(
    "packages/inspector/src/NodeInspector.ts",
    "import * as http from \"node:http\"\n/** x */\nexport const a = http"
  )
})

describe("Config and Metric have one user each", () => {
  fails(imports, [publicModule, internal, nodeInternal, "packages/core/src/PoolMetrics.ts"], [
    "import * as Config from \"effect/Config\"",
    "import * as ConfigProvider from \"effect/ConfigProvider\""
  ])
  fails(imports, [publicModule, internal, nodeInternal, "packages/core/src/PoolConfig.ts"], [
    "import * as Metric from \"effect/Metric\"",
    "import * as MetricBoundaries from \"effect/MetricBoundaries\""
  ])
  passes(
    "packages/core/src/PoolConfig.ts",
    "import * as Config from \"effect/Config\"\n/** x */\nexport const a = Config"
  )
  passes(
    "packages/core/src/PoolMetrics.ts",
    "import * as Metric from \"effect/Metric\"\n/** x */\nexport const a = Metric"
  )
  passes(internal, "import type * as Metric from \"effect/Metric\"\nexport type A = Metric.Metric.Counter<number>")
})

describe("effect is imported by module and namespace", () => {
  fails(imports, [publicModule, internal, nodeModule, nodeInternal], [
    "import { Effect } from \"effect\"",
    "import type { Effect } from \"effect\"",
    "import * as Platform from \"@effect/platform\""
  ])
  fails(imports, nodeModule, "import { NodeRuntime } from \"@effect/platform-node\"")
  fails(syntax, [publicModule, internal, nodeModule, nodeInternal], [
    "import { gen } from \"effect/Effect\"",
    "import Effect from \"effect/Effect\"",
    "import { layer } from \"@effect/platform/FetchHttpClient\""
  ])
  passes(nodeTest, "import { Effect } from \"effect\"\nexport const a = Effect.void")
})

describe("no name gets in the way of the CommonJS build", () => {
  fails(syntax, [internal, machine, nodeInternal], [
    "export const f = () => {\n  const exports = 1\n  return exports\n}",
    "const module = 1\nexport const a = module",
    "const { exports } = { exports: 1 }\nexport const a = exports",
    "export const f = (require: number) => require"
  ])
  passes(nodeInternal, [
    "export const f = (a: { readonly exports: number }) => a.exports",
    "const { exports: wasm } = { exports: 1 }\nexport const a = wasm"
  ])
})

describe("public exports are documented", () => {
  fails("local/documented-exports", [publicModule, nodeModule], [
    "export const a = 1",
    "// not JSDoc\nexport const a = 1",
    "/* not JSDoc */\nexport interface A {}",
    "/** x */\nconst a = 1\nexport { a }",
    "/** x */\nexport const a = 1\nexport const b = 2"
  ])
  passes([publicModule, nodeModule], [
    "/** x */\nexport const a = 1",
    "/** x */\nexport function a(b: string): void\nexport function a(b: number): void\nexport function a(b: unknown): void {}"
  ])
  passes(internal, "export const a = 1")
})

describe("sources are short and quiet", () => {
  const lines = (count) => Array.from({ length: count - 1 }, () => "// a line").join("\n") + "\nexport {}"
  fails("max-lines", [internal, machine, nodeInternal, "packages/demo/src/main.ts"], lines(401))
  passes([internal, machine, nodeInternal], lines(400))
  fails("no-console", [internal, nodeInternal, inspector], "console.log(1)")
  passes("packages/demo/src/main.ts", "console.log(1)")
})

describe("every test runs", () => {
  fails(syntax, [nodeTest, "packages/core/test/machine/sample.prop.test.ts", "scripts/sample.test.mjs"], [
    "it.only(\"a\", () => {})",
    "it.skip(\"a\", () => {})",
    "describe.only(\"a\", () => {})",
    "it.todo(\"a\")",
    "it.effect.only(\"a\", () => {})",
    "it.effect.skip(\"a\", () => {})",
    "test.skip.each([1])(\"a\", () => {})"
  ])
  passes(nodeTest, ["it.effect(\"a\", () => {})", "it.fails(\"pinned upstream bug\", () => {})"])
})
