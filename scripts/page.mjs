// Bundles packages/inspector/page into one HTML file with no reference to another, and writes it as a module:
// packages/inspector/src/internal/page.ts. `--check` writes nothing and fails when it is not current.
import { build } from "esbuild"
import { createHash } from "node:crypto"
import fs from "node:fs"
import path from "node:path"
import { fromRoot } from "./workspace.mjs"

const dir = fromRoot("packages", "inspector")
const file = path.join(dir, "src", "internal", "page.ts")

/** The text of the bundle's script and style. */
const bundle = async () => {
  const { outputFiles } = await build({
    entryPoints: [path.join(dir, "page", "main.ts")],
    bundle: true,
    minify: true,
    write: false,
    outdir: "out",
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none", // the whole licence is put into the module instead
    tsconfigRaw: {}
  })
  const textOf = (extension) => outputFiles.find((output) => output.path.endsWith(extension)).text.trim()
  return { script: textOf(".js"), style: textOf(".css") }
}

const sha256 = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

const { script, style } = await bundle()
const html = fs.readFileSync(path.join(dir, "page", "index.html"), "utf8")
  .replace("/* style */", () => style)
  .replace("/* script */", () => script)

// What runs is what was bundled, it talks to where it came from, and nobody frames it.
const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src ${sha256(script)}`,
  `style-src ${sha256(style)}`,
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")

const licence = fs.readFileSync(path.join(dir, "node_modules", "uplot", "LICENSE"), "utf8").trim()

const wanted = `/**
 * The page as one HTML file. Written by scripts/page.mjs from packages/inspector/page; it contains uPlot:
 *
${licence.split("\n").map((line) => ` * ${line}`.trimEnd()).join("\n")}
 *
 * @internal
 */
export const page = {
  html:
    ${JSON.stringify(html)},
  contentSecurityPolicy:
    ${JSON.stringify(contentSecurityPolicy)}
}
`

const current = fs.existsSync(file) && fs.readFileSync(file, "utf8") === wanted
if (!current && process.argv.includes("--check")) {
  console.error(`not current: ${path.relative(fromRoot(), file)}; run \`npm run codegen\``)
  process.exit(1)
}
if (!current) {
  fs.writeFileSync(file, wanted)
  console.log(`written: ${path.relative(fromRoot(), file)}, ${(wanted.length / 1_024).toFixed(0)} KB`)
}
