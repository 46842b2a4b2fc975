import { describe, it } from "@effect/vitest"
import { assertTrue, strictEqual } from "@effect/vitest/utils"
import { Redacted } from "effect"
import type { TlsOptions } from "../../src/Connector.js"
import { TlsKeys } from "../../src/internal/tlsKeys.js"

const text = (value: string) => new TextEncoder().encode(value)

describe("C9 the key of a TLS identity", () => {
  const identities: ReadonlyArray<TlsOptions> = [
    {},
    { ca: "a" },
    { ca: "b" },
    { ca: ["a"] },
    { ca: ["a", "b"] },
    { ca: text("a") },
    { ca: [text("a"), text("b")] },
    { cert: "a" },
    { key: "a" },
    { pfx: text("a") },
    { passphrase: "a" },
    { servername: "a" },
    { servername: "b" },
    { rejectUnauthorized: false },
    { rejectUnauthorized: true },
    { minVersion: "TLSv1.2" },
    { minVersion: "TLSv1.3" },
    { maxVersion: "TLSv1.2" },
    { ciphers: "a" },
    { cert: "a", key: "b" },
    { cert: "b", key: "a" }
  ]

  it("C9 differs when any option differs", () => {
    const keys = new TlsKeys()
    strictEqual(new Set(identities.map((identity) => keys.keyOf(identity))).size, identities.length)
  })

  it("C9 is the same for the same options, whatever object they are in and in whatever order", () => {
    const keys = new TlsKeys()
    for (const identity of identities) strictEqual(keys.keyOf(identity), keys.keyOf({ ...identity }))
    strictEqual(keys.keyOf({ cert: "a", key: "b" }), keys.keyOf({ key: "b", cert: "a" }))
    strictEqual(keys.keyOf({ servername: "a", ca: undefined }), keys.keyOf({ servername: "a" }))
    strictEqual(keys.keyOf({ ca: text("a") }), keys.keyOf({ ca: Buffer.from("a") }))
  })

  it("C9 sees through Redacted", () => {
    const keys = new TlsKeys()
    const key = keys.keyOf({ key: Redacted.make("a"), passphrase: Redacted.make("b") })
    strictEqual(keys.keyOf({ key: Redacted.make("a"), passphrase: Redacted.make("b") }), key)
    assertTrue(keys.keyOf({ key: Redacted.make("c"), passphrase: Redacted.make("b") }) !== key)
    strictEqual(keys.keyOf({ key: "a", passphrase: "b" }), key)
  })

  it("C9 says nothing of what it stands for", () => {
    assertTrue(/^tls\d+$/.test(new TlsKeys().keyOf({ key: "secret", servername: "secret.test" })))
  })

  it("C9 is forgotten with the last origin that used it, and never given again", () => {
    const keys = new TlsKeys()
    const identity = { servername: "a" }
    const key = keys.keyOf(identity)
    keys.hold(identity)
    keys.hold({ ...identity })
    keys.release(identity)
    strictEqual(keys.keyOf(identity), key)
    strictEqual(keys.keyOf({ ...identity }), key)
    keys.release({ ...identity })
    const next = keys.keyOf({ ...identity })
    assertTrue(next !== key)
    strictEqual(keys.keyOf(identity), next)
    assertTrue(keys.keyOf({ servername: "b" }) !== key)
  })
})
