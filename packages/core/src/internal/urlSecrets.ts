/**
 * URLs without their secrets, as the HTTP span conventions want them (`url.full`).
 *
 * @internal
 */

const redacted = "REDACTED"

/** Lower case. The conventions name the first four; the others are what signed URLs and tokens are made of. */
const secretKeys: ReadonlySet<string> = new Set([
  "awsaccesskeyid",
  "signature",
  "sig",
  "x-goog-signature",
  "x-goog-credential",
  "x-amz-signature",
  "x-amz-credential",
  "x-amz-security-token",
  "access_token",
  "api_key",
  "apikey",
  "token"
])

export const isSecretKey = (key: string): boolean => secretKeys.has(key.toLowerCase())

/** Whether the URL has credentials, a query whose value is a secret, or a fragment, which is never sent and may be one. */
export const hasSecrets = (url: URL): boolean => {
  if (url.username !== "" || url.password !== "" || url.hash !== "") return true
  if (url.search === "") return false
  for (const key of url.searchParams.keys()) if (isSecretKey(key)) return true
  return false
}

/** The same URL where it has no secrets. */
export const withoutSecrets = (url: URL): URL => {
  if (!hasSecrets(url)) return url
  const copy = new URL(url)
  if (copy.username !== "") copy.username = redacted
  if (copy.password !== "") copy.password = redacted
  copy.hash = ""
  for (const key of new Set(copy.searchParams.keys())) if (isSecretKey(key)) copy.searchParams.set(key, redacted)
  return copy
}
