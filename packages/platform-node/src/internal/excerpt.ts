/**
 * The beginning of an answer that is not what it should be, as it may be shown: without what looks like a secret, and without
 * the secrets of the request, which a server may send back.
 *
 * @internal
 */

const shown = 200

/** Before it is cut to what is shown: no half of a secret is left of one that is cut. */
const considered = 4_096

const redacted = "REDACTED"

const secretName =
  "[\\w.-]*(?:token|secret|passw(?:or)?d|passphrase|api[-_]?key|access[-_]?key|private[-_]?key|authorization|signature|" +
  "credential|session[-_]?id|cookie)[\\w-]*"

const patterns: ReadonlyArray<readonly [RegExp, string]> = [
  // https://user:password@host
  [/\/\/[^\s/?#"'<>@]+@/g, `//${redacted}@`],
  // Bearer …, Basic …
  [/\b(bearer|basic|digest|token)\s+[\w.~+/=-]{6,}/gi, `$1 ${redacted}`],
  // "apiKey": "…"
  [
    new RegExp(`(["']${secretName}["']\\s*[:=]\\s*)(?:"[^"]*(?:"|$)|'[^']*(?:'|$)|[^\\s,}\\]]+)`, "gi"),
    `$1"${redacted}"`
  ],
  // api_key=…, Authorization: …
  [new RegExp(`\\b(${secretName}\\s*[:=]\\s*)(?!["']?${redacted})[^\\s&,;"'<>]+`, "gi"), `$1${redacted}`],
  // JSON Web Tokens
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, redacted]
]

const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu

/** A text as one line of at most 200 characters in quotes; `secrets` are texts that must not appear. */
export const excerpt = (text: string, secrets: Iterable<string>): string => {
  if (text === "") return "nothing: it is empty"
  let safe = text.slice(0, considered)
  for (const secret of secrets) safe = safe.replaceAll(secret, redacted)
  for (const [pattern, replacement] of patterns) safe = safe.replace(pattern, replacement)
  safe = safe.replace(controls, " ")
  const cut = [...safe].slice(0, shown).join("")
  return JSON.stringify(cut) + (cut.length < safe.length || text.length > considered ? "…" : "")
}

/** Names of headers whose value nobody may see. */
const secretHeader = new RegExp(`^(?:${secretName}|x-auth.*)$`, "i")

/** Shorter texts would be found in words that are none of them. */
const shortest = 6

/** The values of a request that must not appear: credentials, and what in a path or a query is long enough to be a key. */
export const secretsOf = (url: string | URL, headers: Iterable<readonly [string, unknown]>): ReadonlySet<string> => {
  const secrets = new Set<string>()
  const add = (text: string): void => {
    for (const form of [text, encodeURIComponent(text)]) if (form.length >= shortest) secrets.add(form)
  }
  for (const [name, value] of headers) {
    if (!secretHeader.test(name)) continue
    for (const one of [value].flat()) {
      if (typeof one !== "string") continue
      add(one)
      add(one.replace(/^\S+\s+/, ""))
    }
  }
  const parsed = URL.canParse(String(url)) ? new URL(String(url)) : undefined
  if (parsed === undefined) return secrets
  add(parsed.username)
  add(parsed.password)
  for (const value of parsed.searchParams.values()) add(value)
  for (const segment of parsed.pathname.split("/")) if (segment.length >= 16) add(segment)
  return secrets
}
