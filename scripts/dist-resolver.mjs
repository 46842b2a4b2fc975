// A resolve hook: what is imported of our packages are the modules that `npm run build` has made for users, and those that the type
// check has made of the private packages, not the sources.
import { pathToFileURL } from "node:url"
import { fromRoot } from "./workspace.mjs"

const ours = /^@connection-pool\/([\w-]+)\/([\w/]+)$/
const published = ["core", "platform-node"]

export const resolve = (specifier, context, next) => {
  const [, pkg, module] = ours.exec(specifier) ?? []
  if (pkg === undefined) return next(specifier, context)
  const built = published.includes(pkg) ? ["dist", "esm"] : ["build", "src"]
  return { url: pathToFileURL(fromRoot("packages", pkg, ...built, `${module}.js`)).href, shortCircuit: true }
}
