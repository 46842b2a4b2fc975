// Certificates for one run: an authority, and servers that it vouches for.
import * as selfsigned from "selfsigned"
import type { Certificate } from "./messages.js"

const common = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const

export interface Certificates {
  /** Whom to trust. */
  readonly ca: string
  /** For 127.0.0.1. */
  readonly right: Certificate
  /** For somebody else. */
  readonly wrong: Certificate
}

type AltName = { readonly type: 2; readonly value: string } | { readonly type: 7; readonly ip: string }

const make = async (name: string, authority: Certificate | undefined, altName: AltName): Promise<Certificate> => {
  const { cert, private: key } = await selfsigned.generate([{ name: "commonName", value: name }], {
    ...common,
    extensions: authority === undefined
      ? [
        { name: "basicConstraints", cA: true, critical: true },
        { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true }
      ]
      : [
        { name: "basicConstraints", cA: false },
        { name: "keyUsage", digitalSignature: true },
        { name: "extKeyUsage", serverAuth: true },
        { name: "subjectAltName", altNames: [altName] }
      ],
    ...(authority === undefined ? {} : { ca: { cert: authority.cert, key: authority.key } })
  })
  return { cert, key }
}

export const makeCertificates = async (): Promise<Certificates> => {
  const here: AltName = { type: 7, ip: "127.0.0.1" }
  const authority = await make("chaos authority", undefined, here)
  const [right, wrong] = await Promise.all([
    make("chaos", authority, here),
    make("elsewhere", authority, { type: 2, value: "elsewhere.example" })
  ])
  return { ca: authority.cert, right, wrong }
}
