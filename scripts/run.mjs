// `node scripts/run.mjs <file> [arguments]`: makes the clone ready, then runs a JavaScript or TypeScript file in this very
// process, so that signals, terminal and exit code are its own.
import path from "node:path"
import { pathToFileURL } from "node:url"
import "./bootstrap.mjs"
import "./signals.mjs"
import { fromRoot } from "./workspace.mjs"

const [file, ...args] = process.argv.slice(2)
const entry = fromRoot(file)
process.argv = [process.argv[0], entry, ...args]

if (path.extname(entry) === ".ts") {
  const tsx = import.meta.resolve("tsx")
  process.execArgv.push("--import", tsx) // child_process.fork hands it on
  await import(tsx)
}

await import(pathToFileURL(entry).href)
