/**
 * Tells TLS identities apart: two requests with the same options, field by field, get the same key.
 *
 * @internal
 */
import * as Redacted from "effect/Redacted"
import type { TlsOptions } from "../Connector.js"

const fields = [
  "ca",
  "cert",
  "key",
  "pfx",
  "passphrase",
  "servername",
  "rejectUnauthorized",
  "minVersion",
  "maxVersion",
  "ciphers"
] as const satisfies ReadonlyArray<keyof TlsOptions>

const printField = (value: unknown): unknown => {
  if (Redacted.isRedacted(value)) return printField(Redacted.value(value))
  if (value instanceof Uint8Array) return { bytes: Array.from(value) }
  if (Array.isArray(value)) return value.map(printField)
  return value
}

const printIdentity = (tls: TlsOptions): string =>
  JSON.stringify(fields.map((field) => tls[field] === undefined ? null : [printField(tls[field])]))

/** The keys in use. A key says nothing of what it stands for, and is never given again to something else. */
export class TlsKeys {
  private readonly byObject = new WeakMap<TlsOptions, string>()
  private readonly byContent = new Map<string, string>()
  private made = 0

  keyOf(tls: TlsOptions): string {
    const known = this.byObject.get(tls)
    if (known !== undefined) return known
    const content = printIdentity(tls)
    let key = this.byContent.get(content)
    if (key === undefined) {
      key = `tls${++this.made}`
      this.byContent.set(content, key)
    }
    this.byObject.set(tls, key)
    return key
  }

  /** Nothing is open any more with these options. */
  forget(tls: TlsOptions): void {
    this.byContent.delete(printIdentity(tls))
  }
}
