import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { describe, it } from "vitest"
import { hasSecrets, isSecretKey, withoutSecrets } from "../../src/internal/urlSecrets.js"

const redacted = (href: string) => {
  const url = new URL(href)
  const result = withoutSecrets(url)
  strictEqual(url.href, new URL(href).href, "the URL itself was changed")
  return result.href
}

describe("a URL without its secrets", () => {
  const plain = [
    "http://server.test/",
    "http://server.test/a/b?page=7&tokens=3&design=1",
    "http://server.test/?x=signature",
    "http://server.test/sig?",
    "http://[::1]:8080/?a=@"
  ]
  for (const href of plain) {
    it(`is the same where it has none: ${href}`, () => {
      const url = new URL(href)
      strictEqual(hasSecrets(url), false)
      strictEqual(withoutSecrets(url), url)
    })
  }

  const secret: Readonly<Record<string, string>> = {
    "http://user:word@server.test/a": "http://REDACTED:REDACTED@server.test/a",
    "http://user@server.test/a": "http://REDACTED@server.test/a",
    "http://:word@server.test/a": "http://:REDACTED@server.test/a",
    "https://server.test/?sig=1": "https://server.test/?sig=REDACTED",
    "https://server.test/?a=1&X-Amz-Signature=2&b=3": "https://server.test/?a=1&X-Amz-Signature=REDACTED&b=3",
    "https://server.test/?SIG=1#end": "https://server.test/?SIG=REDACTED",
    "https://server.test/?sig=": "https://server.test/?sig=REDACTED",
    "https://server.test/?sig": "https://server.test/?sig=REDACTED",
    "https://server.test/?%73ig=1": "https://server.test/?sig=REDACTED",
    "https://user:word@server.test/?token=1": "https://REDACTED:REDACTED@server.test/?token=REDACTED"
  }
  for (const [href, expected] of Object.entries(secret)) {
    it(`has none: ${href}`, () => {
      assertTrue(hasSecrets(new URL(href)))
      strictEqual(redacted(href), expected)
    })
  }

  it("has none of several values of one key, and of keys that differ in their letters' case", () => {
    const { search } = new URL(redacted("https://server.test/?sig=one&a=1&sig=two&Sig=three"))
    for (const value of ["one", "two", "three"]) assertTrue(!search.includes(value))
    deepStrictEqual(new URLSearchParams(search).get("a"), "1")
  })

  it("knows the keys that the conventions name, and those of the usual signatures and tokens", () => {
    const keys = ["AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature", "X-Amz-Signature", "X-Amz-Security-Token"]
    for (const key of [...keys, "access_token", "api_key", "apikey", "token"]) assertTrue(isSecretKey(key), key)
    for (const key of ["", "page", "signatures", "x-sig", "constructor"]) assertTrue(!isSecretKey(key), key)
  })
})
