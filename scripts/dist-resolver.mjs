// A resolve hook: what is imported of our packages are the modules that `npm run build` has made for users, not the sources.
import { pathToFileURL } from "node:url"
import { fromRoot } from "./workspace.mjs"

const ours = /^@connection-pool\/(core|platform-node)\/(\w+)$/

export const resolve = (specifier, context, next) => {
  const [, pkg, module] = ours.exec(specifier) ?? []
  if (pkg === undefined) return next(specifier, context)
  return { url: pathToFileURL(fromRoot("packages", pkg, "dist", "esm", `${module}.js`)).href, shortCircuit: true }
}
