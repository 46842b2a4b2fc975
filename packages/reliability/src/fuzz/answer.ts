// Valid HTTP/1.x answers, kept apart in lines and payload so that mutations can take hold of them. Text is latin1: one character
// is one byte.
import type { Random } from "./random.js"

export type Method = "GET" | "HEAD" | "POST"

/** A status line, header lines, and what follows the empty line. Lines are without their CR LF. */
export interface Block {
  start: string
  lines: Array<string>
}

export interface Answer {
  /** 1xx in front. */
  readonly interim: Array<Block>
  readonly head: Block
  /** What follows the head on the wire. */
  payload: string
}

/** What a client must read in a valid answer. */
export interface Expected {
  readonly status: number
  readonly body: string
  /** It may be refused all the same, for a reason that `generate` names. */
  readonly refusable: boolean
}

export interface Valid {
  readonly answer: Answer
  readonly expected: Expected
}

const printBlock = ({ lines, start }: Block): string => `${[start, ...lines].join("\r\n")}\r\n\r\n`

export const print = ({ head, interim, payload }: Answer): string =>
  interim.map(printBlock).join("") + printBlock(head) + payload

const statuses: ReadonlyArray<readonly [number, readonly [status: number, reason: string]]> = [
  [40, [200, "OK"]],
  [4, [201, "Created"]],
  [4, [206, "Partial Content"]],
  [6, [204, "No Content"]],
  [6, [304, "Not Modified"]],
  [3, [205, "Reset Content"]],
  [3, [301, "Moved Permanently"]],
  [3, [404, "Not Found"]],
  [2, [408, "Request Timeout"]],
  [2, [418, ""]],
  [4, [500, "Internal Server Error"]],
  [2, [503, "Service Unavailable"]],
  [2, [599, "Odd \t\xe9"]],
  [1, [999, "Beyond"]]
]

const reasonFor = (random: Random, reason: string): string =>
  random.weighted([[90, ` ${reason}`], [5, " "], [5, ` ${reason} and more of it`]])

const names = ["Server", "Date", "X-Id", "Set-Cookie", "Via", "Vary", "ETag", "Content-Type", "Warning", "X-"]
const values = [
  "a",
  "text/plain; charset=utf-8",
  "",
  "\"quoted, text\"",
  "a\tb",
  "\xe4\xff",
  "1, 2 ,3",
  "x=1; y=2",
  "close"
]
const blanks = ["", " ", " ", " ", "  ", "\t "]

const randomCase = (random: Random, name: string): string =>
  random.weighted([
    [70, name],
    [15, name.toLowerCase()],
    [10, name.toUpperCase()],
    [5, [...name].map((letter) => random.chance(50) ? letter.toLowerCase() : letter.toUpperCase()).join("")]
  ])

const header = (random: Random, name: string, value: string): string =>
  `${randomCase(random, name)}:${random.pick(blanks)}${value}${random.chance(5) ? random.pick([" ", "\t", "  "]) : ""}`

const anyHeader = (random: Random): string => header(random, random.pick(names), random.pick(values))

const connection = (random: Random): ReadonlyArray<string> =>
  random.weighted<() => ReadonlyArray<string>>([
    [50, () => []],
    [12, () => [header(random, "Connection", "keep-alive")]],
    [12, () => [header(random, "Connection", "close")]],
    [3, () => [header(random, "Connection", random.pick(["Keep-Alive, X-Id", "x-id , CLOSE", "close, keep-alive"]))]],
    [2, () => [header(random, "Connection", "upgrade"), header(random, "Upgrade", "h2c")]],
    [
      8,
      () => [header(random, "Keep-Alive", random.pick(["timeout=5", "timeout=60, max=100", "max=1", "timeout=\"7\""]))]
    ]
  ])()

/** Bytes of every kind, among them what looks like an answer. */
export const bodyText = (random: Random): string =>
  random.weighted<() => string>([
    [15, () => ""],
    [35, () => "abcdefghijklmnopqrstuvwxyz".slice(0, random.between(1, 26))],
    [15, () => Array.from({ length: random.between(1, 60) }, () => String.fromCharCode(random.below(256))).join("")],
    [10, () => "\r\n".repeat(random.between(1, 6))],
    [10, () => "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfake"],
    [5, () => "0\r\n\r\n"],
    [9, () => "0123456789abcdef".repeat(random.between(2, 40))],
    // Beyond what one reading of a socket takes, and beyond what the pool reads by itself.
    [0.3, () => "x".repeat(random.between(64, 70) * 1024)]
  ])()

const extension = (random: Random): string =>
  random.weighted([
    [80, ""],
    [6, ";a"],
    [6, ";name=value"],
    [4, ";name=\"quoted; \\\" value\""],
    [4, ";a=1;b;c=3"]
  ])

const chunkSize = (random: Random, size: number): string => {
  const digits = size.toString(16)
  return random.weighted([[70, digits], [15, digits.toUpperCase()], [15, `000${digits}`]])
}

const trailers = (random: Random): string =>
  random.weighted([[80, ""], [12, "X-Sum: 1\r\n"], [8, "A: b\r\nServer-Timing: c;d=1\r\nA: e\r\n"]])

export const chunks = (random: Random, body: string): string => {
  let wire = ""
  let at = 0
  while (at < body.length) {
    const size = random.chance(50) ? body.length - at : random.between(1, body.length - at)
    wire += `${chunkSize(random, size)}${extension(random)}\r\n${body.slice(at, at + size)}\r\n`
    at += size
  }
  return `${wire}${random.chance(90) ? "0" : "000"}${extension(random)}\r\n${trailers(random)}\r\n`
}

const interim = (random: Random): Block => {
  const [status, reason] = random.pick(
    [[100, "Continue"], [102, "Processing"], [103, "Early Hints"], [199, ""]] as const
  )
  const lines = random.chance(40) ? [header(random, "Link", "</a.css>; rel=preload"), anyHeader(random)] : []
  return { start: `HTTP/1.1 ${status} ${reason}`, lines }
}

type Framing = "length" | "chunked" | "close"

const shuffled = (random: Random, lines: Array<string>): Array<string> => {
  for (let i = lines.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[lines[i], lines[j]] = [lines[j]!, lines[i]!]
  }
  return lines
}

const framingFor = (random: Random, version: string): Framing =>
  version === "1.0"
    ? random.weighted([[60, "length"], [40, "close"]])
    : random.weighted([[55, "length"], [35, "chunked"], [10, "close"]])

/** An answer that the grammar of RFC 9112 allows for this method. */
export const generate = (random: Random, method: Method): Valid => {
  const [status, reason] = random.weighted(statuses)
  const version = random.chance(88) ? "1.1" : "1.0"
  const noContent = status === 204 || status === 304
  const bodiless = method === "HEAD" || noContent
  const framing = framingFor(random, version)
  const body = status === 205 ? "" : bodyText(random)
  const lines = Array.from({ length: random.weighted([[30, 0], [40, 1], [20, 3], [10, 6]]) }, () => anyHeader(random))
  lines.push(...connection(random))
  // A 204 has no framing (RFC 9110, 8.6); a 304 and an answer to HEAD may say what would have come.
  const announced = status !== 204 && (!bodiless || random.chance(50))
  if (announced && framing === "length") lines.push(header(random, "Content-Length", String(body.length)))
  if (announced && framing === "chunked") lines.push(header(random, "Transfer-Encoding", "chunked"))
  // llhttp understands blanks behind a length or a coding, but no tabs, which RFC 9110, 5.6.3 allows too.
  const refusable = lines.some((line) => /^(content-length|transfer-encoding):.*\t$/i.test(line))
  const wire = { length: () => body, chunked: () => chunks(random, body), close: () => body }
  return {
    answer: {
      interim: version === "1.1" && random.chance(8)
        ? Array.from({ length: random.between(1, 3) }, () => interim(random))
        : [],
      head: { start: `HTTP/${version} ${status}${reasonFor(random, reason)}`, lines: shuffled(random, lines) },
      payload: bodiless ? "" : wire[framing]()
    },
    expected: { status, body: bodiless ? "" : body, refusable }
  }
}
