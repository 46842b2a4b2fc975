// publint and arethetypeswrong on the packed packages.
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { pack } from "./pack.mjs"
import { runBin } from "./workspace.mjs"

const temporary = fs.mkdtempSync(path.join(os.tmpdir(), "connection-pool-packages-"))
process.on("exit", () => fs.rmSync(temporary, { recursive: true }))

for (const tarball of Object.values(pack(temporary))) {
  runBin("publint", [tarball, "--strict"])
  // Without node10, which does not know `exports`: every Node.js that the packages run on does.
  runBin("attw", [tarball, "--profile", "node16", "--no-emoji"])
}
