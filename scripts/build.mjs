// Builds the published packages into packages/*/dist, which is the root of what is published:
//
//   esm/  cjs/      JavaScript, declarations and their maps, one file a module, each module system with its own types
//   src/            the sources that the maps point to
//   package.json    with a subpath for every public module, and none for internal/ and machine/
import babel from "@babel/core"
import fs from "node:fs"
import path from "node:path"
import { fromRoot, publicModules, publicPackages, readJson, run, runBin, walk, writeJson } from "./workspace.mjs"

const packages = publicPackages() // in alphabetical order, which is the order of their dependencies

const formats = { esm: "module", cjs: "commonjs" }

/**
 * TypeScript takes the `@internal` of a module comment for one of the first statement, and would drop an import or a type that
 * others need. It is hidden from it; nothing moves, so that the maps stay true.
 */
const hideModuleTag = (file) => {
  const text = fs.readFileSync(file, "utf8")
  const shown = text.replace(/^\s*\/\*\*[^]*?\*\//, (comment) => comment.replace("@internal", "@private "))
  if (shown !== text) fs.writeFileSync(file, shown)
}

/**
 * Compiles a copy of the sources that stands under a package.json with the module system's `type`, so that TypeScript emits,
 * and resolves the declarations of others, as Node.js will. Sibling packages are taken as they were built.
 */
const compile = ({ dir }, format) => {
  const work = path.join(dir, "build", format)
  fs.rmSync(work, { recursive: true, force: true })
  fs.cpSync(path.join(dir, "src"), path.join(work, "src"), { recursive: true })
  walk(path.join(work, "src")).forEach(hideModuleTag)
  writeJson(path.join(work, "package.json"), { type: formats[format] })
  const siblings = packages.filter((sibling) => sibling.dir !== dir).flatMap((sibling) => {
    const built = path.join(sibling.dir, "dist", format)
    return [
      [sibling.manifest.name, [path.join(built, "index.d.ts")]],
      [`${sibling.manifest.name}/*`, [path.join(built, "*.d.ts")]]
    ]
  })
  writeJson(path.join(work, "tsconfig.json"), {
    extends: fromRoot("tsconfig.base.json"),
    include: ["src"],
    compilerOptions: {
      ...readJson(path.join(dir, "tsconfig.src.json")).compilerOptions,
      composite: false,
      incremental: false,
      tsBuildInfoFile: null,
      rootDir: "src",
      outDir: path.join(dir, "dist", format),
      paths: Object.fromEntries(siblings),
      stripInternal: true,
      // ES modules are written as such in the sources; for CommonJS they are to be rewritten.
      verbatimModuleSyntax: format === "esm"
    }
  })
  runBin("tsc", ["-p", work])
  writeJson(path.join(dir, "dist", format, "package.json"), { type: formats[format], sideEffects: false })
}

/** Marks the calls at the top of a module as pure, so that bundlers can drop what nobody uses. */
const annotatePureCalls = ({ dir }) => {
  for (const file of walk(path.join(dir, "dist", "esm")).filter((name) => name.endsWith(".js"))) {
    const { code, map } = babel.transformFileSync(file, {
      babelrc: false,
      configFile: false,
      compact: false,
      plugins: ["annotate-pure-calls"],
      inputSourceMap: readJson(`${file}.map`),
      sourceMaps: true
    })
    fs.writeFileSync(file, `${code}\n//# sourceMappingURL=${path.basename(file)}.map\n`)
    fs.writeFileSync(`${file}.map`, JSON.stringify({ ...map, file: path.basename(file) }))
  }
}

/** Points the maps at the sources that are published with them. */
const relocateMaps = ({ dir }, format) => {
  const out = path.join(dir, "dist", format)
  for (const file of walk(out).filter((name) => name.endsWith(".map"))) {
    const source = path.relative(out, file).replace(/\.(js|d\.ts)\.map$/, ".ts")
    const toSource = path.relative(path.dirname(file), path.join(dir, "dist", "src", source))
    const { sourceRoot: _, sourcesContent: __, ...map } = readJson(file)
    fs.writeFileSync(file, JSON.stringify({ ...map, sources: [toSource.split(path.sep).join("/")] }))
  }
}

const subpath = (name) => ({
  import: { types: `./esm/${name}.d.ts`, default: `./esm/${name}.js` },
  require: { types: `./cjs/${name}.d.ts`, default: `./cjs/${name}.js` }
})

const versionOf = (name) => packages.find(({ manifest }) => manifest.name === name).manifest.version

/**
 * A sibling is needed in the version that it was built with, or a later one that is compatible. (The manifest in the
 * repository says `workspace:>=0.0.0`, since changesets takes a peer that leaves its range as a reason for 1.0.0.)
 */
const published = (dependencies) =>
  Object.fromEntries(
    Object.entries(dependencies ?? {}).map(([name, range]) => [
      name,
      range.startsWith("workspace:") ? `^${versionOf(name)}` : range
    ])
  )

const writeManifest = (pkg) => {
  const { devDependencies: _, exports: __, publishConfig, scripts: ___, ...manifest } = pkg.manifest
  const { directory: ____, linkDirectory: _____, ...publishing } = publishConfig
  writeJson(path.join(pkg.dir, "dist", "package.json"), {
    ...manifest,
    main: "./cjs/index.js",
    module: "./esm/index.js",
    types: "./cjs/index.d.ts",
    exports: {
      "./package.json": "./package.json",
      ".": subpath("index"),
      ...Object.fromEntries(publicModules(pkg).map((name) => [`./${name}`, subpath(name)]))
    },
    dependencies: published(manifest.dependencies),
    peerDependencies: published(manifest.peerDependencies),
    publishConfig: publishing
  })
}

/** What is published must not know where it was built. */
const checkPaths = ({ dir }) => {
  for (const file of walk(path.join(dir, "dist"))) {
    const text = fs.readFileSync(file, "utf8")
    for (const forbidden of [fromRoot(), "workspace:", "/build/esm/", "/build/cjs/"]) {
      if (!text.includes(forbidden)) continue
      console.error(`${path.relative(fromRoot(), file)} contains ${forbidden}`)
      process.exit(1)
    }
  }
}

run(process.execPath, [fromRoot("scripts", "page.mjs")])
for (const pkg of packages) {
  const dist = path.join(pkg.dir, "dist")
  fs.rmSync(dist, { recursive: true, force: true })
  for (const format of Object.keys(formats)) compile(pkg, format)
  annotatePureCalls(pkg)
  for (const format of Object.keys(formats)) relocateMaps(pkg, format)
  fs.cpSync(path.join(pkg.dir, "src"), path.join(dist, "src"), { recursive: true })
  fs.copyFileSync(path.join(pkg.dir, "README.md"), path.join(dist, "README.md"))
  fs.copyFileSync(fromRoot("LICENSE"), path.join(dist, "LICENSE"))
  writeManifest(pkg)
  checkPaths(pkg)
  console.log(`${pkg.manifest.name} ${pkg.manifest.version}: ${publicModules(pkg).length} public modules`)
}
