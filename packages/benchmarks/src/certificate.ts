// A certificate of its own for one run, for 127.0.0.1.
import * as selfsigned from "selfsigned"
import type { Certificate } from "./rawServer.js"

/** The certificate is its own authority: whoever trusts `cert` trusts the server. */
export const makeCertificate = async (): Promise<Certificate> => {
  const { cert, private: key } = await selfsigned.generate([{ name: "commonName", value: "127.0.0.1" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }
    ]
  })
  return { cert, key }
}
