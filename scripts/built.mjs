// `node scripts/built.mjs <package> [arguments]`: runs src/main.ts of a private package on what users get, that is the built
// packages, and without tsx, which makes closures slower. It runs in this very process, so that signals, terminal and exit code
// are its own.
import fs from "node:fs"
import path from "node:path"
import { pathToFileURL } from "node:url"
import "./bootstrap.mjs"
import "./signals.mjs"
import { fromRoot, publicPackages, run, runBin, walk } from "./workspace.mjs"

const [name, ...args] = process.argv.slice(2)

process.env.NODE_ENV = "production"

/** stdout is the figures'. */
const toStderr = { cwd: fromRoot(), stdio: ["ignore", 2, 2] }

const changedAt = (file) => fs.statSync(file).mtimeMs

const sources = publicPackages().flatMap(({ dir }) => [path.join(dir, "package.json"), ...walk(path.join(dir, "src"))])

/** Written last. */
const built = publicPackages().map(({ dir }) => path.join(dir, "dist", "package.json"))

const isBuilt = () =>
  built.every((file) => fs.existsSync(file)) &&
  Math.max(...sources.map(changedAt)) < Math.min(...built.map(changedAt))

if (!isBuilt()) run(process.execPath, [fromRoot("scripts", "build.mjs")], toStderr)
runBin("tsc", ["-b", fromRoot("packages", name, "tsconfig.src.json")], toStderr)

const dist = new URL("dist.mjs", import.meta.url).href
process.execArgv.push("--import", dist) // child_process.fork hands it on
await import(dist)

const entry = fromRoot("packages", name, "build", "src", "main.js")
process.argv = [process.argv[0], entry, ...args]
await import(pathToFileURL(entry).href)
