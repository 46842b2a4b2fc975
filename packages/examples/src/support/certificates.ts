import { Effect } from "effect"
import { generate } from "selfsigned"

/** Certificate and private key, both PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

type Options = NonNullable<Parameters<typeof generate>[1]>

const make = (name: string, options: Options): Effect.Effect<Certificate> =>
  Effect.map(
    Effect.promise(() =>
      generate([{ name: "commonName", value: name }], {
        keyType: "ec",
        curve: "P-256",
        algorithm: "sha256",
        ...options
      })
    ),
    ({ cert, private: key }) => ({ cert, key })
  )

/** An authority of our own, which signs everything else here. */
export const authority = (name: string) =>
  make(name, {
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true }
    ]
  })

/** A certificate for either end of a connection: a client is known by the name, a server by its address. */
export const signedBy = (ca: Certificate, name: string) =>
  make(name, {
    ca,
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true },
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }
    ]
  })
