// Makes a fresh clone ready: checks Node, and installs the dependencies when they are missing or older than the lock file.
// Says nothing on stdout. Needs nothing but Node and npm, so it imports nothing that would have to be installed first.
import { spawnSync } from "node:child_process"
import fs from "node:fs"
import { fromRoot, readJson } from "./workspace.mjs"

const say = (text) => process.stderr.write(`${text}\n`)

const manifest = readJson(fromRoot("package.json"))

const checkNode = () => {
  const [major, minor] = /(\d+)\.(\d+)/.exec(manifest.engines.node).slice(1).map(Number)
  const [ownMajor, ownMinor] = process.versions.node.split(".").map(Number)
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return
  say(`This project needs Node.js ${manifest.engines.node}; this is ${process.version}.`)
  process.exit(1)
}

const lockFile = fs.readFileSync(fromRoot("pnpm-lock.yaml"), "utf8")

/** What the lock file said when the dependencies were last installed here. */
const stamp = fromRoot("node_modules", ".installed-lock.yaml")

const isInstalled = () => fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === lockFile

const install = () => {
  say("Installing dependencies …")
  const { error, signal, status } = spawnSync(
    "npx",
    ["--yes", manifest.packageManager, "install", "--frozen-lockfile"],
    // Its output goes to stderr, with `npm start --silent` too. CI=true lets it replace an outdated node_modules unasked.
    {
      cwd: fromRoot(),
      stdio: ["ignore", 2, 2],
      env: { ...process.env, CI: "true", npm_config_loglevel: "info" },
      shell: process.platform === "win32"
    }
  )
  if (status === 0) return fs.writeFileSync(stamp, lockFile)
  const why = error?.message ?? (signal === null ? `code ${status}` : signal)
  say(
    `Installing the dependencies failed (${why}). It was: npx --yes ${manifest.packageManager} install --frozen-lockfile`
  )
  process.exit(status || 1)
}

checkNode()
if (!isInstalled()) install()
