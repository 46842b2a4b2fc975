// What the other scripts know about the workspace.
import { spawnSync } from "node:child_process"
import fs from "node:fs"
import path from "node:path"
import { fileURLToPath } from "node:url"

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..")

/** An absolute path inside the repository. */
export const fromRoot = (...segments) => path.join(root, ...segments)

export const readJson = (file) => JSON.parse(fs.readFileSync(file, "utf8"))

export const writeJson = (file, value) => fs.writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)

/** The packages that are published, each with its directory and manifest. */
export const publicPackages = () =>
  fs.readdirSync(fromRoot("packages")).sort()
    .map((name) => fromRoot("packages", name))
    .filter((dir) => fs.existsSync(path.join(dir, "package.json")))
    .map((dir) => ({ dir, manifest: readJson(path.join(dir, "package.json")) }))
    .filter(({ manifest }) => manifest.private !== true)

/** The names of a package's public modules: the files directly in `src`, without the barrel. */
export const publicModules = ({ dir }) =>
  fs.readdirSync(path.join(dir, "src")).sort()
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts") && file !== "index.ts")
    .map((file) => file.slice(0, -".ts".length))

/** Every file below `dir`, depth first, sorted. */
export const walk = (dir) =>
  fs.readdirSync(dir, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(dir, entry.name)
      return entry.isDirectory() ? walk(file) : [file]
    })

/** Runs a command to its end, its output on ours unless told otherwise. When it fails, so do we, with its code. */
export const run = (command, args, options = {}) => {
  const { error, signal, status, stdout } = spawnSync(command, args, { stdio: "inherit", encoding: "utf8", ...options })
  if (status === 0) return stdout
  const name = path.isAbsolute(command) ? path.basename(command) : command
  console.error(`${[name, ...args].join(" ")} failed (${error?.message ?? signal ?? `code ${status}`})`)
  process.exit(status || 1)
}

/** Runs a tool of node_modules/.bin. */
export const runBin = (name, args, options = {}) => run(fromRoot("node_modules", ".bin", name), args, options)

/** Runs pnpm in the version that package.json names, which need not be installed. */
export const runPnpm = (args, options = {}) =>
  run("npx", ["--yes", readJson(fromRoot("package.json")).packageManager, ...args], options)
