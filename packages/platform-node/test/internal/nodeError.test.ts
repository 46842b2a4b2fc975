import { describe, expect, it } from "vitest"
import { describe as explain, reasonOf } from "../../src/internal/nodeError.js"

const error = (code: string, message = code) => Object.assign(new Error(message), { code })

describe("the reason of a failed connect", () => {
  it.each([
    ["ENOTFOUND", "Dns"],
    ["EAI_AGAIN", "Dns"],
    ["EAI_FAIL", "Dns"],
    ["ECONNREFUSED", "Refused"],
    ["ECONNRESET", "Reset"],
    ["EPIPE", "Reset"],
    ["EHOSTUNREACH", "Unreachable"],
    ["ENETUNREACH", "Unreachable"],
    ["ETIMEDOUT", "Unreachable"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "TlsIdentity"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "TlsIdentity"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "TlsIdentity"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "TlsIdentity"],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "TlsIdentity"],
    ["CERT_HAS_EXPIRED", "TlsIdentity"],
    ["ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", "Tls"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "Tls"],
    ["ERR_OSSL_PEM_NO_START_LINE", "Tls"],
    ["ERR_TLS_INVALID_PROTOCOL_VERSION", "Tls"],
    ["EPROTO", "Tls"],
    ["EMFILE", "Other"],
    ["EADDRNOTAVAIL", "Other"],
    ["constructor", "Other"],
    ["", "Other"]
  ])("%s is %s", (code, reason) => {
    expect(reasonOf(error(code))).toBe(reason)
  })

  it("is Other for what has no code", () => {
    for (const value of [undefined, null, "ECONNREFUSED", {}, { code: 7 }, new Error("x"), new AggregateError([])]) {
      expect(reasonOf(value)).toBe("Other")
    }
  })

  it("is, of several addresses, that of one that answered", () => {
    const aggregate = new AggregateError([error("ENETUNREACH"), error("ECONNREFUSED")])
    expect(reasonOf(aggregate)).toBe("Refused")
    expect(reasonOf(new AggregateError([error("ENETUNREACH"), error("ETIMEDOUT")]))).toBe("Unreachable")
    expect(reasonOf(new AggregateError([error("EMFILE")]))).toBe("Other")
  })

  it("is told in words for every address", () => {
    const aggregate = new AggregateError([
      error("A", "connect to ::1 failed"),
      error("B", "connect to 127.0.0.1 failed")
    ])
    expect(aggregate.message).toBe("")
    const explained = explain(aggregate) as Error
    expect(explained.message).toBe("connect to ::1 failed; connect to 127.0.0.1 failed")
    expect(explained.cause).toBe(aggregate)
    const single = error("A")
    expect(explain(single)).toBe(single)
  })
})
