/**
 * An alert as a server of TLS 1.3 sends it that does not accept the client's certificate. Node's own server does not send one
 * then, it hangs up; most others do.
 */
import * as crypto from "node:crypto"

/** The only suite for which alerts are made here. */
export const suite = "TLS_AES_128_GCM_SHA256"

export const unknownAuthority = 48

/** RFC 8446, 7.1, for outputs of one hash at most. */
const expandLabel = (secret: Buffer, label: string, length: number): Buffer => {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])])
  return crypto.createHmac("sha256", secret).update(info).digest().subarray(0, length)
}

/** The first record that the server sends after the handshake; `keyLine` is what its `keylog` event said of its traffic secret. */
export const firstRecordIsAlert = (keyLine: string, description: number): Buffer => {
  const secret = Buffer.from(keyLine.trim().split(" ")[2]!, "hex")
  const plain = Buffer.from([2, description, 21])
  const header = Buffer.from([23, 3, 3, 0, plain.length + 16])
  // The nonce is the vector itself: the record's number is 0.
  const cipher = crypto.createCipheriv("aes-128-gcm", expandLabel(secret, "key", 16), expandLabel(secret, "iv", 12))
  cipher.setAAD(header)
  return Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}
