/**
 * What Node's and OpenSSL's error codes mean for a connection that could not be opened, or was lost.
 *
 * @since 0.1.0
 */
import type { ConnectFailedReason } from "@connection-pool/core/PoolError"

const codes: { readonly [K in Exclude<ConnectFailedReason, "Other">]: ReadonlyArray<string> } = {
  Dns: ["ENOTFOUND", "ENODATA", "ESERVFAIL", "EREFUSED", "ETIMEOUT", "EBADNAME", "EBADRESP", "ENONAME"],
  Refused: ["ECONNREFUSED"],
  Reset: ["ECONNRESET", "ECONNABORTED", "EPIPE"],
  Unreachable: ["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN", "ETIMEDOUT"],
  Tls: ["EPROTO", "ERR_ALPN_MISMATCH"],
  TlsIdentity: [
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "ERR_TLS_CERT_ALTNAME_FORMAT",
    "CERT_CHAIN_TOO_LONG",
    "CERT_HAS_EXPIRED",
    "CERT_NOT_YET_VALID",
    "CERT_REJECTED",
    "CERT_REVOKED",
    "CERT_SIGNATURE_FAILURE",
    "CERT_UNTRUSTED",
    "CRL_HAS_EXPIRED",
    "CRL_NOT_YET_VALID",
    "CRL_SIGNATURE_FAILURE",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "ERROR_IN_CERT_NOT_AFTER_FIELD",
    "ERROR_IN_CERT_NOT_BEFORE_FIELD",
    "HOSTNAME_MISMATCH",
    "INVALID_CA",
    "INVALID_PURPOSE",
    "PATH_LENGTH_EXCEEDED",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
    "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
    "UNABLE_TO_GET_CRL",
    "UNABLE_TO_GET_ISSUER_CERT",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNSPECIFIED"
  ]
}

const families: ReadonlyArray<readonly [prefix: string, reason: ConnectFailedReason]> = [
  ["EAI_", "Dns"],
  ["ERR_SSL_", "Tls"],
  ["ERR_TLS_", "Tls"],
  ["ERR_OSSL_", "Tls"],
  ["ERR_CRYPTO_", "Tls"]
]

const reasons: ReadonlyMap<string, ConnectFailedReason> = new Map(
  Object.entries(codes).flatMap(([reason, list]) => list.map((code) => [code, reason as ConnectFailedReason]))
)

const reasonOfCode = (code: string): ConnectFailedReason =>
  reasons.get(code) ?? families.find(([prefix]) => code.startsWith(prefix))?.[1] ?? "Other"

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : ""

const isAggregate = (error: unknown): error is AggregateError =>
  error instanceof AggregateError && error.errors.length > 0

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/**
 * Why a connection could not be opened, or was lost. Where several addresses were tried, one that answered tells more than those
 * that could not be reached.
 *
 * @internal
 */
export const reasonOf = (error: unknown): ConnectFailedReason => {
  if (!isAggregate(error)) return reasonOfCode(codeOf(error))
  const each = error.errors.map(reasonOf)
  return each.find((reason) => reason !== "Unreachable" && reason !== "Other") ?? each[0] ?? "Other"
}

/**
 * An error whose message says what happened: Node's own has none where several addresses were tried.
 *
 * @internal
 */
export const describe = (error: unknown): unknown =>
  isAggregate(error) ? new Error(error.errors.map(messageOf).join("; "), { cause: error }) : error
