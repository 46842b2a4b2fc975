/**
 * Who we are and whom we trust in a TLS handshake: options merged, told apart by a digest, and made into OpenSSL's
 * context once.
 *
 * @since 0.1.0
 */
import type { TlsOptions } from "@connection-pool/core/Connector"
import { tlsOptionNames } from "@connection-pool/core/Connector"
import * as Redacted from "effect/Redacted"
import { createHash, type Hash } from "node:crypto"
import * as tls from "node:tls"
import { BoundedCache } from "./boundedCache.js"

/**
 * One identity. Equal options have equal digests; the digest gives no secret away.
 *
 * @internal
 */
export interface TlsIdentity {
  readonly digest: string
  readonly servername: string | undefined
  readonly rejectUnauthorized: boolean
  readonly secureContext: tls.SecureContext
}

type FieldValue = TlsOptions[keyof TlsOptions]

const merge = (defaults: TlsOptions, overrides: TlsOptions): TlsOptions => {
  const merged: { -readonly [K in keyof TlsOptions]?: FieldValue } = {}
  for (const field of tlsOptionNames) {
    const value = overrides[field] ?? defaults[field]
    if (value !== undefined) merged[field] = value
  }
  return merged as TlsOptions
}

const isRedacted = (value: string | Uint8Array | Redacted.Redacted<string>): value is Redacted.Redacted<string> =>
  Redacted.isRedacted(value)

function reveal(value: string | Redacted.Redacted<string> | undefined): string | undefined
function reveal<A extends Uint8Array>(
  value: A | string | Redacted.Redacted<string> | undefined
): A | string | undefined
function reveal(
  value: Uint8Array | string | Redacted.Redacted<string> | undefined
): Uint8Array | string | undefined {
  return value !== undefined && isRedacted(value) ? Redacted.value(value) : value
}

/** Type, length, value: no two different lists of parts give the same bytes. Text and its UTF-8 bytes are the same. */
const addPart = (hash: Hash, value: FieldValue): void => {
  if (value === undefined) {
    hash.update("-;")
  } else if (typeof value === "boolean") {
    hash.update(value ? "t;" : "f;")
  } else if (Array.isArray(value)) {
    hash.update(`a${value.length};`)
    for (const item of value) addPart(hash, item)
  } else {
    const shown = reveal(value as string | Uint8Array | Redacted.Redacted<string>)!
    const bytes = typeof shown === "string" ? Buffer.from(shown) : shown
    hash.update(`b${bytes.byteLength};`).update(bytes)
  }
}

const digestOf = (options: TlsOptions): string => {
  const hash = createHash("sha256")
  for (const field of tlsOptionNames) addPart(hash, options[field])
  return hash.digest("base64url")
}

const toNode = (value: string | Uint8Array): string | Buffer =>
  typeof value === "string" ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)

const toNodeList = (value: NonNullable<TlsOptions["ca"]>): string | Buffer | Array<string | Buffer> =>
  typeof value === "string" || value instanceof Uint8Array ? toNode(value) : value.map(toNode)

const contextOptions = (options: TlsOptions): tls.SecureContextOptions => {
  const { ca, cert, ciphers, maxVersion, minVersion, pfx } = options
  const key = reveal(options.key)
  const passphrase = reveal(options.passphrase)
  return {
    ...(ca === undefined ? {} : { ca: toNodeList(ca) }),
    ...(cert === undefined ? {} : { cert: toNode(cert) }),
    ...(key === undefined ? {} : { key: toNode(key) }),
    ...(pfx === undefined ? {} : { pfx: toNode(pfx) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(ciphers === undefined ? {} : { ciphers })
  }
}

const noOptions: TlsOptions = {}

/** Identities kept; one that is needed again is built again. */
const capacity = 100

/**
 * The identities of one connector, whose own options are the defaults.
 *
 * @internal
 */
export class TlsIdentities {
  private readonly defaults: TlsOptions
  private readonly digests = new WeakMap<TlsOptions, string>()
  private readonly identities = new BoundedCache<TlsIdentity>(capacity)

  constructor(defaults: TlsOptions | undefined) {
    this.defaults = defaults ?? noOptions
  }

  /** Throws where the options cannot be, such as a key that does not fit its certificate. */
  get(overrides: TlsOptions | undefined): TlsIdentity {
    const options = overrides ?? noOptions
    const known = this.digests.get(options)
    const cached = known === undefined ? undefined : this.identities.get(known)
    return cached ?? this.build(options)
  }

  /** Whether a request with these options would accept any certificate. */
  acceptsAnyone(overrides: TlsOptions | undefined): boolean {
    return (overrides?.rejectUnauthorized ?? this.defaults.rejectUnauthorized) === false
  }

  private build(options: TlsOptions): TlsIdentity {
    const merged = merge(this.defaults, options)
    const digest = digestOf(merged)
    this.digests.set(options, digest)
    const identity = this.identities.get(digest) ?? {
      digest,
      servername: merged.servername,
      rejectUnauthorized: merged.rejectUnauthorized !== false,
      secureContext: tls.createSecureContext(contextOptions(merged))
    }
    this.identities.set(digest, identity)
    return identity
  }
}
