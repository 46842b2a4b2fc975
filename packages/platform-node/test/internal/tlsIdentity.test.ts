import type { TlsOptions } from "@connection-pool/core/Connector"
import * as Redacted from "effect/Redacted"
import { describe, expect, it } from "vitest"
import { TlsIdentities } from "../../src/internal/tlsIdentity.js"
import { certify } from "../support/certificates.js"

const { cert, key } = await certify(undefined, "localhost")
const other = await certify(undefined, "localhost")

const digest = (options?: TlsOptions, defaults?: TlsOptions) => new TlsIdentities(defaults).get(options).digest

describe("C9 a TLS identity", () => {
  it("is another for every field that differs", () => {
    const all: ReadonlyArray<TlsOptions> = [
      {},
      { ca: cert },
      { ca: [cert, cert] },
      { ca: other.cert },
      { ca: [] },
      { cert, key },
      { cert: other.cert, key: other.key },
      { passphrase: "a" },
      { passphrase: "b" },
      { servername: "a" },
      { servername: "b" },
      { servername: "" },
      { rejectUnauthorized: false },
      { rejectUnauthorized: true },
      { minVersion: "TLSv1.2" },
      { minVersion: "TLSv1.3" },
      { maxVersion: "TLSv1.2" },
      { maxVersion: "TLSv1.3" },
      { ciphers: "AES128-SHA" },
      { ciphers: "AES256-SHA" }
    ]
    expect(new Set(all.map((options) => digest(options))).size).toBe(all.length)
  })

  it("cannot be made to look like another by moving text between fields or items", () => {
    expect(digest({ passphrase: "ab", servername: "c" })).not.toBe(digest({ passphrase: "a", servername: "bc" }))
    expect(digest({ passphrase: "a" })).not.toBe(digest({ servername: "a" }))
    expect(digest({ ca: [cert, other.cert] })).not.toBe(digest({ ca: cert + other.cert }))
    expect(digest({ ca: [cert] })).not.toBe(digest({ ca: cert }))
    expect(digest({ passphrase: "t;" })).not.toBe(digest({ passphrase: "-;" }))
  })

  it("is the same for the same values, whatever holds them", () => {
    const bytes = Buffer.from(key)
    const same: ReadonlyArray<TlsOptions> = [
      { cert, key },
      { key, cert, ca: undefined },
      { cert: Buffer.from(cert), key: new Uint8Array(bytes) },
      { cert, key: Redacted.make(key) }
    ]
    expect(new Set(same.map((options) => digest(options))).size).toBe(1)
    expect(digest({ cert, key })).toBe(digest({ key }, { cert }))
    expect(digest(undefined)).toBe(digest({}))
    expect(digest({ servername: "a" }, { servername: "b" })).toBe(digest({ servername: "a" }))
  })

  it("shows no secret", () => {
    expect(JSON.stringify(new TlsIdentities({ key, cert }).get({ passphrase: "secret" }).digest)).not.toContain(
      "secret"
    )
    expect(digest({ passphrase: "secret" })).toMatch(/^[\w-]{43}$/)
  })

  it("has one context, however many options say it", () => {
    const identities = new TlsIdentities({ ca: cert })
    const options = { servername: "a" }
    const first = identities.get(options)
    expect(identities.get(options)).toBe(first)
    expect(identities.get({ servername: "a" }).secureContext).toBe(first.secureContext)
    expect(identities.get({ servername: "b" }).secureContext).not.toBe(first.secureContext)
    expect(identities.get(undefined)).toBe(identities.get({}))
  })

  it("is built again when a hundred others were needed since", () => {
    const identities = new TlsIdentities({ ca: [] })
    const options = { servername: "first" }
    const first = identities.get(options)
    for (let i = 0; i < 100; i++) identities.get({ servername: `${i}` })
    const again = identities.get(options)
    expect(again).not.toBe(first)
    expect(again.digest).toBe(first.digest)
  })

  it("verifies unless told not to, by the request before the connector", () => {
    expect(new TlsIdentities(undefined).get(undefined).rejectUnauthorized).toBe(true)
    const lax = new TlsIdentities({ rejectUnauthorized: false })
    expect(lax.get(undefined).rejectUnauthorized).toBe(false)
    expect(lax.get({ rejectUnauthorized: true }).rejectUnauthorized).toBe(true)
    expect(lax.acceptsAnyone(undefined)).toBe(true)
    expect(lax.acceptsAnyone({ rejectUnauthorized: true })).toBe(false)
    expect(new TlsIdentities(undefined).acceptsAnyone({ rejectUnauthorized: false })).toBe(true)
    expect(new TlsIdentities(undefined).acceptsAnyone(undefined)).toBe(false)
  })
})
