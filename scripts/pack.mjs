// Packs what `build` has made, with pnpm, as a release would.
import fs from "node:fs"
import path from "node:path"
import { publicPackages, runPnpm } from "./workspace.mjs"

/** The tarballs of the published packages, by package name. */
export const pack = (destination) => {
  for (const { dir, manifest } of publicPackages()) {
    if (fs.existsSync(path.join(dir, manifest.publishConfig.directory))) continue
    console.error(`${manifest.name} is not built: npm run build`)
    process.exit(1)
  }
  fs.mkdirSync(destination, { recursive: true })
  return Object.fromEntries(
    publicPackages().map(({ dir, manifest }) => {
      runPnpm(["pack", "--pack-destination", destination], { cwd: dir, stdio: ["ignore", "ignore", "inherit"] })
      const file = `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`
      return [manifest.name, path.join(destination, file)]
    })
  )
}
