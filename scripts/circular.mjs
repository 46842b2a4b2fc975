// Fails when modules of a package's src import each other in a circle. Type imports, which leave no trace at run time, do not count.
import fs from "node:fs"
import path from "node:path"
import ts from "typescript"
import { fromRoot, walk } from "./workspace.mjs"

/** What a module loads at run time: the files behind its relative imports and exports. */
const dependencies = (file) => {
  const source = ts.createSourceFile(file, fs.readFileSync(file, "utf8"), ts.ScriptTarget.Latest)
  return source.statements.flatMap((statement) => {
    const isTypeOnly = ts.isImportDeclaration(statement)
      ? statement.importClause?.isTypeOnly
      : ts.isExportDeclaration(statement)
      ? statement.isTypeOnly
      : true
    const specifier = isTypeOnly ? undefined : statement.moduleSpecifier?.text
    if (specifier === undefined || !specifier.startsWith(".")) return []
    return [path.resolve(path.dirname(file), specifier.replace(/\.js$/, ".ts"))]
  })
}

/** The first circle found, as a path that ends where it began. */
const findCircle = (graph) => {
  const done = new Set()
  const visit = (file, above) => {
    if (above.includes(file)) return [...above.slice(above.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...above, file])
      if (circle !== undefined) return circle
    }
    done.add(file)
  }
  for (const file of graph.keys()) {
    const circle = visit(file, [])
    if (circle !== undefined) return circle
  }
}

const roots = process.argv.length > 2
  ? process.argv.slice(2).map((dir) => path.resolve(dir))
  : fs.readdirSync(fromRoot("packages")).map((name) => fromRoot("packages", name, "src")).filter((dir) =>
    fs.existsSync(dir)
  )
const files = roots.flatMap(walk).filter((file) => file.endsWith(".ts"))
const circle = findCircle(new Map(files.map((file) => [file, dependencies(file)])))

if (circle !== undefined) {
  console.error(`circular imports: ${circle.map((file) => path.relative(fromRoot(), file)).join(" → ")}`)
  process.exit(1)
}
console.log(`${files.length} modules, no circular imports`)
