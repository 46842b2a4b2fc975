import * as selfsigned from "selfsigned"

export interface Authority {
  readonly cert: string
  readonly key: string
}

const day = 24 * 60 * 60 * 1000

const common = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const

export const makeAuthority = async (name: string): Promise<Authority> => {
  const { cert, private: key } = await selfsigned.generate([{ name: "commonName", value: name }], {
    ...common,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true }
    ]
  })
  return { cert, key }
}

/** A certificate for a name, and for 127.0.0.1 too where `address` says so. */
export const certify = async (
  authority: Authority | undefined,
  name: string,
  options: { readonly expired?: boolean; readonly address?: boolean; readonly client?: boolean } = {}
): Promise<Authority> => {
  const now = Date.now()
  const { cert, private: key } = await selfsigned.generate([{ name: "commonName", value: name }], {
    ...common,
    notBeforeDate: new Date(now - 10 * day),
    notAfterDate: new Date(options.expired === true ? now - day : now + 10 * day),
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true },
      { name: "extKeyUsage", serverAuth: true, clientAuth: options.client === true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: name },
          ...(options.address === true ? [{ type: 7 as const, ip: "127.0.0.1" }] : [])
        ]
      }
    ],
    ...(authority === undefined ? {} : { ca: { cert: authority.cert, key: authority.key } })
  })
  return { cert, key }
}
