/**
 * A request in a few words that hold no secret.
 *
 * @internal
 */
import type { WireRequest } from "../Connection.js"

const longest = 100

/** Keys and tokens are long and have digits; so have other ids, of which nothing is lost that matters here. */
const withoutKeys = (path: string): string =>
  path.replace(/[^/]{20,}/g, (segment) => (/\d/.test(segment) ? "REDACTED" : segment))

/** `GET /items`: method and path, without the query. */
export const printRequest = ({ method, target }: WireRequest): string => {
  const query = target.indexOf("?")
  const text = `${method} ${withoutKeys(query < 0 ? target : target.slice(0, query))}`
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`
}
