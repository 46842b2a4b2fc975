import { describe, it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import * as Origin from "../src/Origin.js"

const parse = (input: string | URL): Origin.Origin => Either.getOrThrow(Origin.parse(input))
const parseTarget = (input: string | URL): Origin.Target => Either.getOrThrow(Origin.parseTarget(input))
const refusal = (input: unknown): string => Either.getOrThrow(Either.flip(Origin.parse(input as string)))

const notAbsolute = "is not an absolute URL such as http://host:8080/path"

describe("Origin", () => {
  describe("parse", () => {
    it("gives scheme, host, port, href and authority", () => {
      deepStrictEqual(parse("http://example.com:8080/a?b#c"), {
        scheme: "http",
        host: "example.com",
        port: 8080,
        href: "http://example.com:8080",
        authority: "example.com:8080"
      })
    })

    it("leaves out the scheme's default port, and no other", () => {
      const printed = (url: string) => [parse(url).port, parse(url).href, parse(url).authority]
      deepStrictEqual(printed("http://a:80"), [80, "http://a", "a"])
      deepStrictEqual(printed("https://a:443"), [443, "https://a", "a"])
      deepStrictEqual(printed("http://a"), [80, "http://a", "a"])
      deepStrictEqual(printed("https://a"), [443, "https://a", "a"])
      deepStrictEqual(printed("http://a:443"), [443, "http://a:443", "a:443"])
      deepStrictEqual(printed("https://a:80"), [80, "https://a:80", "a:80"])
      deepStrictEqual(printed("http://a:65535"), [65_535, "http://a:65535", "a:65535"])
      deepStrictEqual(printed("http://a:"), [80, "http://a", "a"])
    })

    it("writes scheme and host in lower case", () => {
      strictEqual(parse("HTTPS://EXAMPLE.Com").href, "https://example.com")
    })

    it("takes the brackets off an IPv6 host, and leaves them in href and authority", () => {
      const origin = parse("http://[0:0:0:0:0:0:0:1]:8545/")
      strictEqual(origin.host, "::1")
      strictEqual(origin.href, "http://[::1]:8545")
      strictEqual(origin.authority, "[::1]:8545")
      strictEqual(parse("https://[2001:DB8::1]").authority, "[2001:db8::1]")
    })

    it("prints an IPv4 address in one way", () => {
      for (const url of ["http://127.0.0.1", "http://127.1", "http://0x7f.1", "http://2130706433"]) {
        strictEqual(parse(url).href, "http://127.0.0.1")
      }
    })

    it("prints an international name in ASCII", () => {
      strictEqual(parse("https://münchen.example").href, "https://xn--mnchen-3ya.example")
      strictEqual(parse("https://MÜNCHEN.example").host, parse("https://xn--mnchen-3ya.example").host)
    })

    it("ignores credentials, path, query and fragment", () => {
      deepStrictEqual(parse("http://user:pass@a:8080/b?c=d#e"), parse("http://a:8080"))
    })

    it("takes a URL object", () => {
      deepStrictEqual(parse(new URL("http://a:8080/b")), parse("http://a:8080"))
    })

    it("equal origins have equal hrefs, and parsing an href changes nothing", () => {
      fc.assert(
        fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), (url) => {
          const origin = parse(url)
          strictEqual(origin.href, new URL(url).origin)
          deepStrictEqual(parse(origin.href), origin)
        }),
        { numRuns: 30 }
      )
    })

    it("refuses what is no absolute URL", () => {
      const wrong = ["", " ", "a", "/path", "//host", "host/path", "http://", "http:", "http://a b", "http://a:99999"]
      const hosts = ["http://[::1", "http://[fe80::1%25eth0]", "http://a:b", "http://999.999.999.999", "http://a%00b"]
      for (const url of [...wrong, ...hosts]) strictEqual(refusal(url), notAbsolute)
    })

    it("refuses what is neither text nor URL", () => {
      for (const value of [undefined, null, 5, true, {}, [], Symbol("a"), { protocol: 5 }]) {
        strictEqual(refusal(value), notAbsolute)
      }
    })

    it("refuses other schemes, and names them", () => {
      strictEqual(refusal("ftp://host/x"), "has the scheme ftp; allowed are http and https")
      strictEqual(refusal("WSS://host"), "has the scheme wss; allowed are http and https")
      strictEqual(refusal(new URL("ws://host")), "has the scheme ws; allowed are http and https")
    })

    it("does not take a host or a user name for a scheme", () => {
      strictEqual(refusal("localhost:8080"), notAbsolute)
      strictEqual(refusal("alice:secret@host"), notAbsolute)
      strictEqual(refusal("mailto:alice@host"), notAbsolute)
      strictEqual(refusal("file:///etc/passwd"), notAbsolute)
    })

    it("a refusal never holds a part of the URL but its scheme", () => {
      const word = fc.stringMatching(/^[a-z0-9]{6,10}$/).map((text) => `q${text}`)
      const template = fc.constantFrom(
        (word: string) => `${word}:x@host`,
        (word: string) => `x:${word}@host`,
        (word: string) => `http://x:${word}@h:99999`,
        (word: string) => `ftp://x:${word}@h/${word}?${word}`,
        (word: string) => `//${word}`,
        (word: string) => `/${word}`,
        (word: string) => word
      )
      fc.assert(fc.property(word, template, (word, template) => {
        assertTrue(!refusal(template(word)).includes(word))
      }))
    })
  })

  describe("parseTarget", () => {
    it("the path has the query and not the fragment", () => {
      strictEqual(parseTarget("http://a/b/c?d=e&f#g").path, "/b/c?d=e&f")
      strictEqual(parseTarget("http://a#g").path, "/")
      strictEqual(parseTarget("http://a?b#c?d").path, "/?b")
    })

    it("the path is never empty", () => {
      for (const url of ["http://a", "http://a?", "http://a#", "http://a/"]) strictEqual(parseTarget(url).path, "/")
    })

    it("the path cannot break a request line", () => {
      fc.assert(fc.property(fc.string({ unit: "binary" }), fc.constantFrom("/", "?", "/?x="), (text, separator) => {
        const { path } = parseTarget(`http://a${separator}${text}`)
        assertTrue(/^\/[\x21-\x7e]*$/.test(path), JSON.stringify(path))
      }))
    })

    it("the path is sent as it was written, but for dots and what must be encoded", () => {
      strictEqual(parseTarget("http://a//b/%2F/c%20d?e=%26+f").path, "//b/%2F/c%20d?e=%26+f")
      strictEqual(parseTarget("http://a/b/../c/./d").path, "/c/d")
      strictEqual(parseTarget("http://a/ü ?ä").path, "/%C3%BC%20?%C3%A4")
    })

    it("credentials become basic authorization, decoded, in UTF-8", () => {
      const credentials = (url: string): string | undefined => {
        const { authorization } = parseTarget(url)
        return authorization === undefined
          ? undefined
          : Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString("utf8")
      }
      strictEqual(credentials("http://a"), undefined)
      strictEqual(credentials("http://@a"), undefined)
      strictEqual(credentials("http://user:pass@a"), "user:pass")
      strictEqual(credentials("http://user@a"), "user:")
      strictEqual(credentials("http://:pass@a"), ":pass")
      strictEqual(credentials("http://us%40er:p%3Aa%2Fss@a"), "us@er:p:a/ss")
      strictEqual(credentials("http://müller:pässwörd€@a"), "müller:pässwörd€")
      strictEqual(credentials("http://user:100%zz@a"), "user:100%zz")
    })

    it("credentials may be long", () => {
      const { authorization } = parseTarget(`http://user:${"p".repeat(200_000)}@a`)
      strictEqual(authorization?.length, "Basic ".length + Math.ceil(200_005 / 3) * 4)
    })

    it("credentials are only in authorization", () => {
      const { authorization, ...rest } = parseTarget("http://user:pass@a:8080/b?c#d")
      assertTrue(authorization !== undefined)
      assertTrue(!/user|pass|d/.test(JSON.stringify(rest).replace(/scheme|undefined/g, "")), JSON.stringify(rest))
    })

    it("refuses what parse refuses, in the same words", () => {
      for (const url of ["", "a", "ftp://a", "localhost:8080", "http://a:99999"]) {
        deepStrictEqual(Origin.parseTarget(url), Either.left(refusal(url)) as never)
      }
    })
  })
})
