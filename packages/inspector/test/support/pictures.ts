// The pictures of the page in the documentation, and of which page they are.
import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"

export const directory = fileURLToPath(new URL("../../../../docs/inspector/", import.meta.url))

export const hashOf = (html: string): string => createHash("sha256").update(html).digest("hex")
