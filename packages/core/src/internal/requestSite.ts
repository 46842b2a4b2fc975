/**
 * What a request's URL says, found once for each URL: parsing one costs as much as the rest of a small request.
 *
 * @internal
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Either from "effect/Either"
import { absoluteUrl } from "./absoluteUrl.js"
import { hasSecrets, withoutSecrets } from "./urlSecrets.js"

export interface RequestSite {
  /** As it is requested. */
  readonly url: string
  /** The host, without the brackets of an IPv6 address. */
  readonly address: string
  readonly port: number
  readonly scheme: string
  /** The URL as it may be shown. */
  readonly full: string
  readonly hasSecrets: boolean
}

const known = new Map<string, RequestSite>()
const maxKnown = 1_000

const siteOfUrl = (url: URL): RequestSite => ({
  url: url.href,
  address: url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname,
  port: url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port),
  scheme: url.protocol.slice(0, -1),
  full: withoutSecrets(url).href,
  hasSecrets: hasSecrets(url)
})

/** The left side says in words what is wrong, without the URL itself, which may hold a secret. */
export const siteOf = ({ hash, url, urlParams }: HttpClientRequest): Either.Either<RequestSite, string> => {
  const cacheable = urlParams.length === 0 && hash._tag === "None"
  const site = cacheable ? known.get(url) : undefined
  if (site !== undefined) return Either.right(site)
  const whole = Either.getOrElse(UrlParams.makeUrl(url, urlParams, hash), () => url)
  return Either.map(absoluteUrl(whole), (parsed) => {
    const found = siteOfUrl(parsed)
    if (cacheable) {
      if (known.size >= maxKnown) known.clear()
      known.set(url, found)
    }
    return found
  })
}
