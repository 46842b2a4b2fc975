/**
 * Tells TLS identities apart: two requests with the same options, field by field, get the same key.
 *
 * @internal
 */
import * as Redacted from "effect/Redacted"
import type { TlsOptions } from "../Connector.js"
import { tlsOptionNames } from "../Connector.js"

const printField = (value: unknown): unknown => {
  if (Redacted.isRedacted(value)) return printField(Redacted.value(value))
  if (value instanceof Uint8Array) return { bytes: Array.from(value) }
  if (Array.isArray(value)) return value.map(printField)
  return value
}

const printIdentity = (tls: TlsOptions): string =>
  JSON.stringify(tlsOptionNames.map((name) => tls[name] === undefined ? null : [printField(tls[name])]))

interface Identity {
  readonly key: string
  /** How many origins use it. */
  users: number
}

/** The keys in use. A key says nothing of what it stands for, and is never given again to something else. */
export class TlsKeys {
  private readonly contents = new WeakMap<TlsOptions, string>()
  private readonly identities = new Map<string, Identity>()
  private made = 0

  keyOf(tls: TlsOptions): string {
    return this.identityOf(this.contentOf(tls)).key
  }

  /** One more origin is known with these options. */
  hold(tls: TlsOptions): void {
    this.identityOf(this.contentOf(tls)).users++
  }

  /** One origin less is known with these options. */
  release(tls: TlsOptions): void {
    const content = this.contentOf(tls)
    if (--this.identityOf(content).users === 0) this.identities.delete(content)
  }

  private contentOf(tls: TlsOptions): string {
    const known = this.contents.get(tls)
    if (known !== undefined) return known
    const content = printIdentity(tls)
    this.contents.set(tls, content)
    return content
  }

  private identityOf(content: string): Identity {
    let identity = this.identities.get(content)
    if (identity === undefined) {
      identity = { key: `tls${++this.made}`, users: 0 }
      this.identities.set(content, identity)
    }
    return identity
  }
}
