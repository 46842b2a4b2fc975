// API documentation of the published packages, into packages/*/docs-out. Examples are type-checked and run.
import path from "node:path"
import { fromRoot, publicPackages, runBin } from "./workspace.mjs"

// docgen asks the PATH for tsc and tsx.
const env = { ...process.env, PATH: `${fromRoot("node_modules", ".bin")}${path.delimiter}${process.env.PATH}` }

for (const { dir } of publicPackages()) runBin("docgen", [], { cwd: dir, env })
