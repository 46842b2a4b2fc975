import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Either } from "effect"
import { describe, it } from "vitest"
import { siteOf } from "../../src/internal/requestSite.js"

const site = (request: HttpClientRequest.HttpClientRequest) => Either.getOrThrow(siteOf(request))
const get = HttpClientRequest.get

describe("what a request's URL says", () => {
  it("is where it goes, with the ports that it does not name", () => {
    const sites: Readonly<Record<string, ReadonlyArray<unknown>>> = {
      "http://Server.test": ["http://server.test/", "http", "server.test", 80],
      "https://server.test/a?b": ["https://server.test/a?b", "https", "server.test", 443],
      "http://server.test:80/": ["http://server.test/", "http", "server.test", 80],
      "http://server.test:8080/": ["http://server.test:8080/", "http", "server.test", 8080],
      "http://[2001:DB8::1]:81/": ["http://[2001:db8::1]:81/", "http", "2001:db8::1", 81]
    }
    for (const [href, expected] of Object.entries(sites)) {
      const { address, full, hasSecrets, port, scheme, url } = site(get(href))
      deepStrictEqual([url, scheme, address, port], [...expected])
      deepStrictEqual([full, hasSecrets], [url, false])
    }
  })

  it("has the request's parameters and its fragment", () => {
    const request = get("http://server.test/?a=1").pipe(
      HttpClientRequest.appendUrlParam("a", "2"),
      HttpClientRequest.setHash("end")
    )
    strictEqual(site(request).url, "http://server.test/?a=1&a=2#end")
  })

  it("is requested with its secrets, and shown without", () => {
    const { full, hasSecrets, url } = site(get("http://user:word@server.test/?page=7&sig=1"))
    strictEqual(url, "http://user:word@server.test/?page=7&sig=1")
    deepStrictEqual([hasSecrets, full], [true, "http://REDACTED:REDACTED@server.test/?page=7&sig=REDACTED"])
    const parameters = site(get("http://server.test/", { urlParams: { token: "1" } }))
    deepStrictEqual([parameters.hasSecrets, parameters.full], [true, "http://server.test/?token=REDACTED"])
  })

  it("is found once for each URL", () => {
    const href = "http://once.test/a"
    strictEqual(site(get(href)), site(HttpClientRequest.post(href)))
  })

  it("is not mixed up with that of other parameters", () => {
    const plain = get("http://mixed.test/")
    const first = site(plain)
    strictEqual(site(HttpClientRequest.setUrlParam(plain, "a", "1")).url, "http://mixed.test/?a=1")
    strictEqual(site(HttpClientRequest.setUrlParam(plain, "a", "2")).url, "http://mixed.test/?a=2")
    strictEqual(site(HttpClientRequest.setHash(plain, "b")).url, "http://mixed.test/#b")
    strictEqual(site(plain), first)
  })

  it("is forgotten when there are too many, and found again", () => {
    const first = site(get("http://many.test/first"))
    for (let i = 0; i < 1_000; i++) site(get(`http://many.test/${i}`))
    const again = site(get("http://many.test/first"))
    assertTrue(again !== first)
    deepStrictEqual(again, first)
  })

  it("is nothing where it is none", () => {
    for (const href of ["", "nowhere", "/relative", "http://", "http://a b/"]) {
      assertTrue(Either.isLeft(siteOf(get(href))))
    }
  })
})
