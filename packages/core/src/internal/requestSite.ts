/**
 * What a request's URL says, found once for each URL: parsing one costs as much as the rest of a small request.
 *
 * @internal
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { absoluteUrl } from "./absoluteUrl.js"
import { Remembered } from "./remembered.js"
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

const siteOfUrl = (url: URL): RequestSite => ({
  url: url.href,
  address: url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname,
  port: url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port),
  scheme: url.protocol.slice(0, -1),
  full: withoutSecrets(url).href,
  hasSecrets: hasSecrets(url)
})

type Found = Either.Either<RequestSite, string>

/** Where `makeUrl` finds no URL, it is said what is wrong with the text. */
const find = (url: string, urlParams: UrlParams.UrlParams, hash: Option.Option<string>): Found =>
  Either.map(absoluteUrl(Either.getOrElse(UrlParams.makeUrl(url, urlParams, hash), () => url)), siteOfUrl)

const sites = new Remembered((url) => find(url, UrlParams.empty, Option.none()))

/** The left side says in words what is wrong, without the URL itself, which may hold a secret. */
export const siteOf = ({ hash, url, urlParams }: HttpClientRequest): Found =>
  urlParams.length === 0 && hash._tag === "None" ? sites.of(url) : find(url, urlParams, hash)
