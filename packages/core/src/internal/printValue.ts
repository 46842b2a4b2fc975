/**
 * How a value that was refused is shown in an error: short, on one line, and without secrets.
 */
import * as Duration from "effect/Duration"

const maxLength = 60

const quote = (text: string): string => JSON.stringify(text.length > maxLength ? `${text.slice(0, maxLength)}…` : text)

/**
 * A text that is, or was meant to be, a URL: scheme and host at most. Credentials, path and query may be secret (the
 * key of a JSON-RPC provider is in the path), and where there is an `@` it is not safe to say where the credentials
 * end.
 *
 * @internal
 */
export const printUrl = (text: string): string => {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? ""
  if (/@|%40/.test(text)) return quote(`${scheme}<redacted>`)
  const rest = text.slice(scheme.length)
  const end = rest.search(/[/?#\\]/)
  return quote(end < 0 || /^[/?#\\]$/.test(rest.slice(end)) ? text : `${scheme}${rest.slice(0, end)}/<redacted>`)
}

const printText = (text: string): string => /@|%40|:\/\//.test(text) ? printUrl(text) : quote(text)

/**
 * Any value; what may hold much or be secret is only named by its kind.
 *
 * @internal
 */
export const printValue = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return printText(value)
    case "bigint":
      return `${value}n`
    case "function":
      return "a function"
    case "symbol":
      return "a symbol"
    case "object":
      if (value === null) return "null"
      if (Duration.isDuration(value)) return Duration.format(value)
      if (value instanceof URL) return printUrl(value.href)
      return Array.isArray(value) ? `an array of ${value.length}` : "an object"
    default:
      return String(value)
  }
}

/**
 * The value of an option that does not exist: a text may be anything, so it is not shown.
 *
 * @internal
 */
export const printUnknown = (value: unknown): string => typeof value === "string" ? "<redacted>" : printValue(value)

/**
 * The path of a member, such as `warmUp.origins[0]` or `origins["http://a"]`.
 *
 * @internal
 */
export const memberPath = (path: string, member: string | number): string => {
  if (typeof member === "number") return `${path}[${member}]`
  if (!/^[A-Za-z_$][\w$]*$/.test(member)) return `${path}[${printText(member)}]`
  return path === "" ? quote(member).slice(1, -1) : `${path}.${quote(member).slice(1, -1)}`
}
