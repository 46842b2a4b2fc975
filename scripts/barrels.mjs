// Writes packages/*/src/index.ts: one `export * as X from "./X.js"` for each public module, under its module comment. A module that
// imports an optional peer is reached by its subpath only: the barrel must load without it.
// `--check` writes nothing and fails when a barrel is not current.
import fs from "node:fs"
import path from "node:path"
import { fromRoot, publicModules, publicPackages } from "./workspace.mjs"

const moduleComment = (file) => {
  const comment = /^\s*\/\*\*[^]*?\*\//.exec(fs.readFileSync(file, "utf8"))
  if (comment === null) throw new Error(`${file} does not start with a module comment`)
  return comment[0].trim()
}

const needsOptionalPeer = ({ dir, manifest }) => (name) => {
  const text = fs.readFileSync(path.join(dir, "src", `${name}.ts`), "utf8")
  return Object.entries(manifest.peerDependenciesMeta ?? {}).some(([peer, { optional }]) =>
    optional && (text.includes(`from "${peer}"`) || text.includes(`from "${peer}/`))
  )
}

const barrel = (pkg) =>
  publicModules(pkg)
    .filter((name) => !needsOptionalPeer(pkg)(name))
    .map((name) =>
      `${moduleComment(path.join(pkg.dir, "src", `${name}.ts`))}\nexport * as ${name} from "./${name}.js"\n`
    )
    .join("\n")

const stale = []
for (const pkg of publicPackages()) {
  const file = path.join(pkg.dir, "src", "index.ts")
  const wanted = barrel(pkg)
  if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === wanted) continue
  stale.push(path.relative(fromRoot(), file))
  if (!process.argv.includes("--check")) fs.writeFileSync(file, wanted)
}

if (stale.length > 0 && process.argv.includes("--check")) {
  console.error(`not current: ${stale.join(", ")}; run \`pnpm codegen\``)
  process.exit(1)
}
if (stale.length > 0) console.log(`written: ${stale.join(", ")}`)
