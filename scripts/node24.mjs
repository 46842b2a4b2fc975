// Runs the whole suite once more on Node.js 24, which comes from npm (`node-<platform>-<architecture>`).
import fs from "node:fs"
import path from "node:path"
import { fromRoot, run, writeJson } from "./workspace.mjs"

const cache = fromRoot("node_modules", ".cache", "node24")
const name = `node-${process.platform}-${process.arch}`
const node = path.join(cache, "node_modules", name, "bin", "node")

if (!fs.existsSync(node)) {
  fs.mkdirSync(cache, { recursive: true })
  writeJson(path.join(cache, "package.json"), { private: true })
  run("npm", ["install", "--prefix", cache, "--no-audit", "--no-fund", "--no-package-lock", "--silent", `${name}@24`])
}

console.log(`Node.js ${run(node, ["--version"], { stdio: ["ignore", "pipe", "inherit"] }).trim()}`)
run(node, [
  fromRoot("node_modules", "vitest", "vitest.mjs"),
  "run",
  "--no-isolate",
  "--maxWorkers=100%",
  ...process.argv.slice(2)
], {
  cwd: fromRoot(),
  // Tests that start a process of their own find the same Node.js.
  env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` }
})
