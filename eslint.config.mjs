import effectPlugin from "@effect/eslint-plugin"
import tsPlugin from "@typescript-eslint/eslint-plugin"
import * as tsParser from "@typescript-eslint/parser"
import { builtinModules } from "node:module"
import { localRules } from "./scripts/lint-rules.mjs"

// ---------------------------------------------------------------------------------------------------------------------
// Which way imports may point (docs/DESIGN.md, "The house"). scripts/lint-rules.test.mjs shows that each rule fails.

const nodeModules = `^(node:|(${builtinModules.filter((name) => !name.startsWith("_")).join("|")})(/|$))`

const direction = {
  noBarrels: {
    regex: "^(effect|@effect/platform|@effect/platform-node)$",
    message: "Import the module: import * as Effect from \"effect/Effect\"."
  },
  siblingsOnly: {
    regex: "^(?!\\./[A-Za-z]+\\.js$)",
    message: "The machine is pure: it imports nothing but its siblings."
  },
  noPlatform: {
    regex: `${nodeModules}|^undici(/|$)|^@effect/platform-node|^@connection-pool/`,
    message: "The core knows no platform: it runs wherever effect does."
  },
  noNode: {
    regex: `${nodeModules}|^undici(/|$)|^@effect/platform-node|^@connection-pool/platform-node`,
    message: "The inspector runs on any HttpServer; only NodeInspector.ts knows Node.js."
  },
  noConfig: {
    regex: "^effect/Config(Provider)?$",
    allowTypeImports: true,
    message: "Only PoolConfig.ts uses effect/Config; elsewhere it is a type."
  },
  noMetric: {
    regex: "^effect/Metric",
    allowTypeImports: true,
    message: "Only PoolMetrics.ts uses effect/Metric; elsewhere it is a type."
  },
  noMachine: {
    regex: "^\\./machine/",
    allowTypeImports: true,
    message: "A public module reaches the machine through ./internal."
  },
  noCoreInside: {
    regex: "^@connection-pool/core/(internal|machine)(/|$)|(^|/)core/(src|build|dist)(/|$)",
    message: "Use the core's public modules."
  }
}

const imports = (...patterns) => ["error", { patterns }]

const clockAndWorld = [
  "Date",
  "performance",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
  "queueMicrotask",
  "Promise",
  "globalThis",
  "window",
  "self",
  "process",
  "console",
  "crypto",
  "fetch"
].map((name) => ({ name, message: "The machine is pure: time, chance and the world are its parameters." }))

const namespaceImports = {
  selector:
    "ImportDeclaration[importKind='value'][source.value=/^(effect|@effect\\u002F[a-z-]+)\\u002F(?!Function$)/] > " +
    ":matches(ImportSpecifier[importKind='value'], ImportDefaultSpecifier)",
  message: "Import the namespace: import * as Effect from \"effect/Effect\"."
}

const commonJsNames = "/^(exports|module|require)$/"
const noCommonJsNames = {
  selector: `:matches(VariableDeclarator, FunctionDeclaration, ClassDeclaration)[id.name=${commonJsNames}], ` +
    `:function > Identifier.params[name=${commonJsNames}], ObjectPattern > Property > Identifier.value[name=${commonJsNames}]`,
  message: "In the CommonJS build this name is the module's own: `exports.x` would find this one."
}

const noDynamicImport = {
  selector: "ImportExpression",
  message: "Import statically, so that the directions can be checked."
}

const noAsync = { selector: ":function[async=true]", message: "The machine is synchronous." }

const testRunners = "/^(it|test|describe|suite)$/"
const wholeSuiteOnly = [".object.name", ".object.object.name", ".object.object.object.name"].map((name) => ({
  selector: `MemberExpression[property.name=/^(only|skip|todo)$/][${name.slice(1)}=${testRunners}]`,
  message: "Every test runs."
}))

// ---------------------------------------------------------------------------------------------------------------------

const format = {
  indentWidth: 2,
  lineWidth: 120,
  operatorPosition: "maintain",
  semiColons: "asi",
  quoteStyle: "alwaysDouble",
  trailingCommas: "never",
  "arrowFunction.useParentheses": "force"
}

const publishedSources = ["packages/{core,inspector,platform-node}/src/**/*.ts"]

export default [
  { ignores: ["**/{node_modules,build,dist,docs-out,coverage,reports,.stryker-tmp,.tsbuildinfo}/**"] },
  {
    files: ["**/*.ts", "**/*.mjs"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    languageOptions: { parser: tsParser, ecmaVersion: 2022, sourceType: "module" },
    plugins: { "@effect": effectPlugin, "@typescript-eslint": tsPlugin, local: localRules },
    rules: {
      "@effect/dprint": ["error", { config: format }],
      eqeqeq: "error",
      "no-debugger": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error"
    }
  },
  {
    files: ["**/*.ts"],
    rules: {
      "@typescript-eslint/array-type": ["error", { default: "generic", readonly: "generic" }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/no-explicit-any": "error"
    }
  },
  {
    files: ["packages/*/src/**/*.ts"],
    rules: { "max-lines": ["error", 400] }
  },
  {
    files: publishedSources,
    rules: {
      "no-console": "error",
      "no-restricted-syntax": ["error", namespaceImports, noCommonJsNames]
    }
  },
  {
    files: ["packages/{core,inspector,platform-node}/src/*.ts"],
    ignores: ["**/index.ts"],
    rules: { "local/documented-exports": "error" }
  },
  {
    files: ["packages/core/src/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": imports(
        direction.noBarrels,
        direction.noPlatform,
        direction.noConfig,
        direction.noMetric
      ),
      "no-restricted-globals": [
        "error",
        ...["Date", "performance"].map((name) => ({ name, message: "Time is the Clock's (C8)." }))
      ],
      "no-restricted-syntax": ["error", namespaceImports, noCommonJsNames, noDynamicImport]
    }
  },
  {
    // With the default clock, time is the runtime's own (C8).
    files: ["packages/core/src/internal/deadlines.ts"],
    rules: { "no-restricted-globals": ["error", "Date"] }
  },
  {
    files: ["packages/core/src/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": imports(
        direction.noBarrels,
        direction.noPlatform,
        direction.noConfig,
        direction.noMetric,
        direction.noMachine
      )
    }
  },
  {
    files: ["packages/core/src/PoolConfig.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": imports(
        direction.noBarrels,
        direction.noPlatform,
        direction.noMetric,
        direction.noMachine
      )
    }
  },
  {
    files: ["packages/core/src/PoolMetrics.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": imports(
        direction.noBarrels,
        direction.noPlatform,
        direction.noConfig,
        direction.noMachine
      )
    }
  },
  {
    files: ["packages/core/src/machine/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": imports(direction.siblingsOnly),
      "no-restricted-globals": ["error", ...clockAndWorld],
      "no-restricted-properties": ["error", { object: "Math", property: "random" }],
      "no-restricted-syntax": ["error", noCommonJsNames, noDynamicImport, noAsync]
    }
  },
  {
    files: ["packages/platform-node/src/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": imports(
        direction.noBarrels,
        direction.noConfig,
        direction.noMetric,
        direction.noCoreInside
      )
    }
  },
  {
    files: ["packages/inspector/src/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": imports(
        direction.noBarrels,
        direction.noConfig,
        direction.noNode,
        direction.noCoreInside
      )
    }
  },
  {
    files: ["packages/inspector/src/NodeInspector.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": imports(
        direction.noBarrels,
        direction.noConfig,
        direction.noCoreInside
      )
    }
  },
  {
    files: [
      "packages/{demo,examples,benchmarks}/{src,test}/**/*.ts",
      "packages/{inspector,platform-node}/test/**/*.ts"
    ],
    rules: { "@typescript-eslint/no-restricted-imports": imports(direction.noCoreInside) }
  },
  {
    files: ["packages/*/test/**/*.ts", "**/*.test.mjs"],
    rules: { "no-restricted-syntax": ["error", ...wholeSuiteOnly] }
  }
]
