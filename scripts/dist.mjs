// `node --import ./scripts/dist.mjs …`: our packages as users get them. See dist-resolver.mjs.
import { register } from "node:module"

register("./dist-resolver.mjs", import.meta.url)
