/**
 * What is an absolute `http` or `https` URL.
 *
 * @internal
 */
import * as Either from "effect/Either"

const notAbsolute = Either.left("is not an absolute URL such as http://host:8080/path")

/** A caller without types may give us anything, and a URL may be of another realm. */
const textOf = (input: unknown): string => typeof input === "string" ? input : String((input as URL | undefined)?.href)

/** The left side says in words what is wrong, without the URL itself, which may hold a secret. */
export const absoluteUrl = (input: string | URL): Either.Either<URL, string> => {
  let url: URL
  try {
    url = input instanceof URL ? input : new URL(textOf(input))
  } catch {
    return notAbsolute
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    // Without a host, what stands before the colon is no scheme that was meant: `user:password@host`, `localhost:8080`.
    return url.host === ""
      ? notAbsolute
      : Either.left(`has the scheme ${url.protocol.slice(0, -1)}; allowed are http and https`)
  }
  return Either.right(url)
}
