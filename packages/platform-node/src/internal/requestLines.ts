/**
 * The lines of a request's head, checked. What requests repeat is checked and put together once.
 *
 * @since 0.1.0
 */

// Characters above U+00FF are refused too: latin1 would cut them down to a byte, U+010A to a line feed.
const badWord = /[^!-~\x80-\xff]/
const badName = /[^!-9;-~]/
const badValue = /[^\t -~\x80-\xff]/

/**
 * The pool has checked what comes here: this is a defect.
 *
 * @internal
 */
export const refuse = (part: string): never => {
  throw new Error(`a request with an invalid ${part} reached the transport`)
}

/** Lines that are remembered, of each kind; a text that is longer than `longest` is not. */
const capacity = 500
const longest = 200

/** Who sends other texts each time must not fill the memory. */
const remember = <A>(known: Map<string, A>, key: string, value: A): void => {
  if (known.size >= capacity) known.clear()
  known.set(key, value)
}

/** The last request to a target. */
class RequestLine {
  readonly method: string
  readonly authority: string
  readonly text: string

  constructor(method: string, target: string, authority: string) {
    if (method === "" || badName.test(method)) refuse("method")
    if (target === "" || badWord.test(target)) refuse("target")
    if (badWord.test(authority)) refuse("authority")
    this.method = method
    this.authority = authority
    this.text = `${method} ${target} HTTP/1.1\r\nhost: ${authority}\r\n`
  }
}

const requestLines = new Map<string, RequestLine>()

/**
 * The first two lines: what is wanted, and of whom.
 *
 * @internal
 */
export const requestLine = (method: string, target: string, authority: string): string => {
  const known = requestLines.get(target)
  if (known !== undefined && known.method === method && known.authority === authority) return known.text
  const line = new RequestLine(method, target, authority)
  if (target.length <= longest) remember(requestLines, target, line)
  return line.text
}

/** A name that can be sent, and the last value that was sent with it. */
class HeaderLine {
  value: string | undefined = undefined
  text = ""
  readonly start: string

  constructor(name: string) {
    if (name === "" || badName.test(name)) refuse("header name")
    this.start = `${name}: `
  }
}

const headerLines = new Map<string, HeaderLine>()

const headerOf = (name: string): HeaderLine => {
  const line = new HeaderLine(name)
  if (name.length <= longest) remember(headerLines, name, line)
  return line
}

/**
 * A header as a line.
 *
 * @internal
 */
export const headerLine = (name: string, value: string | undefined): string => {
  const line = headerLines.get(name) ?? headerOf(name)
  if (value === line.value && value !== undefined) return line.text
  if (value === undefined || badValue.test(value)) return refuse("header value")
  const text = `${line.start}${value}\r\n`
  if (value.length <= longest) {
    line.value = value
    line.text = text
  }
  return text
}
