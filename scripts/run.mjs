// `node scripts/run.mjs <file> [arguments]`: makes the clone ready, then runs a JavaScript or TypeScript file in this very
// process, so that signals, terminal and exit code are its own.
import path from "node:path"
import { pathToFileURL } from "node:url"
import "./bootstrap.mjs"
import { fromRoot } from "./workspace.mjs"

const [file, ...args] = process.argv.slice(2)
const entry = fromRoot(file)
process.argv = [process.argv[0], entry, ...args]

if (path.extname(entry) === ".ts") {
  const tsx = import.meta.resolve("tsx")
  process.execArgv.push("--import", tsx) // child_process.fork hands it on
  await import(tsx)
}

// A Ctrl-C comes from the terminal and, a moment later, once more from npm, which hands signals on. The echo must not kill a
// program that took the first as the order to end well: repetitions within a second count as one, a later one ends it at once.
const codes = { SIGINT: 130, SIGTERM: 143 }
const seen = new Map()
const emit = process.emit
process.emit = function(event, ...rest) {
  if (!Object.hasOwn(codes, event)) return emit.call(this, event, ...rest)
  const now = performance.now()
  const last = seen.get(event)
  if (last !== undefined && now - last < 1_000) return true
  seen.set(event, now)
  if (last !== undefined) process.exit(codes[event])
  process.on(event, () => {}) // the program may remove its own listener, and with the last one the default action is back
  return emit.call(this, event, ...rest)
}

await import(pathToFileURL(entry).href)
