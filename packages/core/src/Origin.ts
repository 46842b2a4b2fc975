/**
 * Where a request goes: scheme, host and port, and the parts of a URL that matter on the wire.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import { absoluteUrl } from "./internal/absoluteUrl.js"

/**
 * Scheme, host and port of a server (RFC 6454). Two equal origins have equal `href`s.
 *
 * @since 0.1.0
 * @category models
 */
export interface Origin {
  readonly scheme: "http" | "https"
  /** Lower case, an IPv6 address without its brackets. */
  readonly host: string
  readonly port: number
  /** As it is printed and compared: `http://host`, with `:port` where it is not the scheme's default. */
  readonly href: string
  /** What the `host` header says: host, and the port where it is not the scheme's default (RFC 9110, 7.2). */
  readonly authority: string
}

/**
 * An absolute URL, split into its origin and what the request line names.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  readonly origin: Origin
  /** Path and query, never empty; the fragment is dropped (RFC 9112, 3.2.1). */
  readonly path: string
  /** `authorization` made from the URL's own credentials (RFC 7617), where it has any. */
  readonly authorization: string | undefined
}

const defaultPort = { http: 80, https: 443 } as const

const fromUrl = (url: URL): Origin => {
  const scheme = url.protocol === "https:" ? "https" : "http"
  return {
    scheme,
    host: url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname,
    port: url.port === "" ? defaultPort[scheme] : Number(url.port),
    href: `${scheme}://${url.host}`,
    authority: url.host
  }
}

const decodeUserInfo = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const basicCredentials = (url: URL): string | undefined => {
  if (url.username === "" && url.password === "") return undefined
  const bytes = new TextEncoder().encode(`${decodeUserInfo(url.username)}:${decodeUserInfo(url.password)}`)
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`
}

/**
 * Splits an absolute `http` or `https` URL. The left side says in words what is wrong, without the URL itself, which may
 * hold a secret.
 *
 * @example
 * ```ts
 * import { Origin } from "@connection-pool/core"
 * import { Either } from "effect"
 *
 * const target = Origin.parseTarget("https://example.com/items?page=2#top")
 * console.log(Either.getOrThrow(target).path) // "/items?page=2"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const parseTarget = (input: string | URL): Either.Either<Target, string> =>
  Either.map(absoluteUrl(input), (url) => ({
    origin: fromUrl(url),
    path: url.pathname + url.search,
    authorization: basicCredentials(url)
  }))

/**
 * The origin of an absolute `http` or `https` URL; path, query and credentials are ignored.
 *
 * @example
 * ```ts
 * import { Origin } from "@connection-pool/core"
 * import { Either } from "effect"
 *
 * console.log(Either.getOrThrow(Origin.parse("HTTP://Example.com:80/a")).href) // "http://example.com"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (input: string | URL): Either.Either<Origin, string> => Either.map(absoluteUrl(input), fromUrl)
