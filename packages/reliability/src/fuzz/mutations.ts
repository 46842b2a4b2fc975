// What is done to valid answers. A mutation may by chance leave an answer valid; nobody relies on its being bad.
import type { Answer, Method } from "./answer.js"
import { bodyText, chunks, generate, print } from "./answer.js"
import type { Random } from "./random.js"

/** Takes hold of the lines and the payload, while they are still apart. */
type OnAnswer = (random: Random, answer: Answer, method: Method) => void

/** Takes hold of the bytes as they go over the wire. */
type OnBytes = (random: Random, bytes: string, method: Method) => string

const splice = (text: string, at: number, remove: number, insert: string): string =>
  text.slice(0, at) + insert + text.slice(at + remove)

const insertLine = (random: Random, { head }: Answer, line: string): void =>
  void head.lines.splice(random.below(head.lines.length + 1), 0, line)

/** Changes one header line, if there is one. */
const changeLine = (random: Random, { head }: Answer, change: (line: string) => string): void => {
  if (head.lines.length === 0) head.lines.push("A: b")
  const at = random.below(head.lines.length)
  head.lines[at] = change(head.lines[at]!)
}

const isLength = (line: string): boolean => /^content-length:/i.test(line)
const isCoding = (line: string): boolean => /^transfer-encoding:/i.test(line)

const removeWhere = ({ head }: Answer, unwanted: (line: string) => boolean): void => {
  head.lines = head.lines.filter((line) => !unwanted(line))
}

const badLengths: ReadonlyArray<string> = [
  "-1",
  "+5",
  "0x5",
  "5 5",
  "5,5",
  "5, 6",
  "5;",
  "",
  " ",
  "1e1",
  "5.0",
  "\"5\"",
  "\x0b5",
  "5\0",
  "\xb2",
  "chunked",
  "2147483648",
  "4294967296",
  "4294967301",
  "9007199254740993",
  "18446744073709551615",
  "18446744073709551616",
  "18446744073709551621",
  "99999999999999999999999999999999"
]

const badCodings: ReadonlyArray<string> = [
  "chunked, chunked",
  "chunked, identity",
  "identity",
  "gzip",
  "gzip, chunked",
  "chunked, gzip",
  "xchunked",
  "chunkedx",
  "chunked;a=b",
  "\"chunked\"",
  ",chunked",
  "chunked,",
  "chunked\t",
  "",
  "\x0bchunked",
  "chunked\0",
  "chunke\xe4"
]

const badSizes: ReadonlyArray<string> = [
  "-1",
  "+1",
  "0x1",
  "1 ",
  " 1",
  "1\t",
  "",
  "g",
  "1g",
  "1;",
  "1;\0",
  "1;a\rb",
  "1;a=\"b",
  "7fffffff",
  "ffffffff",
  "100000001",
  "7fffffffffffffff",
  "ffffffffffffffff",
  "fffffffffffffffff",
  "10000000000000001"
]

const badStarts: ReadonlyArray<string> = [
  "HTTP/0.9 200 OK",
  "HTTP/1.2 200 OK",
  "HTTP/2.0 200 OK",
  "HTTP/1.10 200 OK",
  "HTTP/11.1 200 OK",
  "HTTP/1. 200 OK",
  "HTTP/1.1200 OK",
  "HTTP/1.1  200 OK",
  "HTTP/1.1\t200 OK",
  " HTTP/1.1 200 OK",
  "http/1.1 200 OK",
  "RTSP/1.0 200 OK",
  "ICE/1.0 200 OK",
  "HTTP/1.1 20 OK",
  "HTTP/1.1 2000 OK",
  "HTTP/1.1 099 OK",
  "HTTP/1.1 000 OK",
  "HTTP/1.1 +20 OK",
  "HTTP/1.1 2x0 OK",
  "HTTP/1.1 200",
  "HTTP/1.1 200OK",
  "HTTP/1.1 101 Switching Protocols",
  "HTTP/1.1 100 Continue",
  "HTTP/1.1 204 No Content",
  "HTTP/1.1 304 Not Modified",
  "HTTP/1.1 200 O\0K",
  "HTTP/1.1 200 O\rK",
  "GET / HTTP/1.1",
  "<html>",
  "SSH-2.0-OpenSSH_9.6",
  ""
]

const controls: ReadonlyArray<string> = [
  "\0",
  "\x01",
  "\x07",
  "\x0b",
  "\x0c",
  "\x1b",
  "\x7f",
  "\r",
  "\n",
  "\x80",
  "\xff"
]

const onAnswer: Readonly<Record<string, readonly [weight: number, mutate: OnAnswer]>> = {
  "header twice": [3, (random, answer) => {
    const { lines } = answer.head
    if (lines.length > 0) insertLine(random, answer, random.pick(lines))
  }],
  "header dropped": [3, (random, { head }) => void head.lines.splice(random.below(head.lines.length), 1)],
  "headers in another order": [1, (_, { head }) => void head.lines.reverse()],
  "content-length changed": [4, (random, answer) => {
    removeWhere(answer, isLength)
    insertLine(random, answer, `Content-Length: ${Math.max(0, answer.payload.length + random.between(-3, 3))}`)
  }],
  "second content-length": [4, (random, answer) => {
    const { length } = answer.payload
    if (!answer.head.lines.some(isLength)) insertLine(random, answer, `Content-Length: ${length}`)
    insertLine(random, answer, `Content-Length: ${random.pick([length, length + 1, Math.max(0, length - 1), 0])}`)
  }],
  "bad content-length": [4, (random, answer) => {
    removeWhere(answer, isLength)
    insertLine(random, answer, `Content-Length: ${random.pick(badLengths)}`)
  }],
  "transfer-encoding and content-length": [5, (random, answer) => {
    if (!answer.head.lines.some(isCoding)) {
      insertLine(random, answer, "Transfer-Encoding: chunked")
      if (random.chance(70)) answer.payload = chunks(random, bodyText(random))
    }
    if (!answer.head.lines.some(isLength)) {
      insertLine(random, answer, `Content-Length: ${random.pick([answer.payload.length, 0, 5])}`)
    }
  }],
  "bad transfer-encoding": [4, (random, answer) => {
    if (random.chance(50)) removeWhere(answer, isLength)
    if (random.chance(80)) removeWhere(answer, isCoding)
    insertLine(random, answer, `Transfer-Encoding: ${random.pick(badCodings)}`)
    if (random.chance(60)) answer.payload = chunks(random, bodyText(random))
  }],
  "bad chunk size": [4, (random, answer) => {
    removeWhere(answer, isLength)
    if (!answer.head.lines.some(isCoding)) insertLine(random, answer, "Transfer-Encoding: chunked")
    answer.payload = `${random.chance(50) ? "3\r\nabc\r\n" : ""}${random.pick(badSizes)}\r\nx\r\n0\r\n\r\n`
  }],
  "chunk that is not as long as it says": [3, (random, answer) => {
    removeWhere(answer, isLength)
    if (!answer.head.lines.some(isCoding)) insertLine(random, answer, "Transfer-Encoding: chunked")
    answer.payload = `${random.between(1, 6)}\r\n${"xyzxyz".slice(0, random.between(0, 6))}\r\n0\r\n\r\n`
  }],
  "flood of chunk extensions": [0.3, (random, answer) => {
    removeWhere(answer, (line) => isLength(line) || isCoding(line))
    answer.head.lines.push("Transfer-Encoding: chunked")
    answer.payload = `${`1;${"e".repeat(random.between(20, 60))}\r\nx\r\n`.repeat(random.between(250, 500))}0\r\n\r\n`
  }],
  "bad trailers": [2, (random, answer) => {
    removeWhere(answer, isLength)
    if (!answer.head.lines.some(isCoding)) insertLine(random, answer, "Transfer-Encoding: chunked")
    const trailer = random.pick([
      "A b",
      "A : b",
      " A: b",
      ": b",
      "A: b\0",
      "A: b\r\n c",
      "Content-Length: 3",
      "A: b\nC: d"
    ])
    answer.payload = `1\r\nx\r\n0\r\n${trailer}\r\n\r\n`
  }],
  "folded header": [
    3,
    (random, answer) =>
      changeLine(
        random,
        answer,
        (line) => line.replace(/:.*/s, (rest) => `${rest}\r\n${random.pick([" ", "\t"])}folded`)
      )
  ],
  "blank before a colon": [
    3,
    (random, answer) =>
      changeLine(random, answer, (line) => line.replace(":", `${random.pick([" ", "\t", "\0", "\r"])}:`))
  ],
  "no colon": [2, (random, answer) => changeLine(random, answer, (line) => line.replace(":", ""))],
  "no header name": [1, (random, answer) => changeLine(random, answer, (line) => line.replace(/^[^:]*/, ""))],
  "blank before a header": [1, (random, answer) => changeLine(random, answer, (line) => ` ${line}`)],
  "control character in a header": [
    4,
    (random, answer) =>
      changeLine(random, answer, (line) => splice(line, random.below(line.length + 1), 0, random.pick(controls)))
  ],
  "bad status line": [4, (random, { head }) => {
    head.start = random.pick(badStarts)
  }],
  "another interim answer": [3, (random, { interim }) => {
    const start = `HTTP/1.${random.pick(["1", "1", "0"])} ${random.pick([100, 101, 102, 103, 150])} X`
    const lines = random.pick([[], ["A: b"], ["Content-Length: 3"], ["Transfer-Encoding: chunked"], [
      "Connection: close"
    ]])
    interim.splice(random.below(interim.length + 1), 0, { start, lines: [...lines] })
  }],
  "flood of interim answers": [0.2, (random, { interim }) => {
    for (let left = random.between(300, 700); left > 0; left--) {
      interim.push({ start: "HTTP/1.1 103 Early Hints", lines: [] })
    }
  }],
  "head that is very long": [
    0.3,
    (random, answer) => insertLine(random, answer, `X-Long: ${"h".repeat(random.between(15_000, 18_000))}`)
  ],
  "many headers": [0.3, (random, answer) => {
    for (let left = random.between(500, 2_500); left > 0; left--) answer.head.lines.push("X: 12345")
  }]
}

const lineEnd = /\r\n/g

const oneLineEnd = (random: Random, bytes: string, replacement: string): string => {
  const ends = [...bytes.matchAll(lineEnd)].map(({ index }) => index)
  return ends.length === 0 ? bytes : splice(bytes, random.pick(ends), 2, replacement)
}

const tails: ReadonlyArray<string> = [
  "x",
  "\r\n",
  "\r\n\r\n",
  "\n",
  "\0",
  "HTTP/1.1 200",
  "0\r\n\r\n",
  "HTTP/1.1 408 Request Timeout\r\n\r\n"
]

const another = (random: Random, method: Method): string => print(generate(random, method).answer)

const onBytes: Readonly<Record<string, readonly [weight: number, mutate: OnBytes]>> = {
  "bit flipped": [6, (random, bytes) => {
    const at = random.below(bytes.length)
    return splice(bytes, at, 1, String.fromCharCode((bytes.charCodeAt(at) ^ (1 << random.below(8))) & 0xff))
  }],
  "byte replaced": [
    5,
    (random, bytes) => splice(bytes, random.below(bytes.length), 1, String.fromCharCode(random.below(256)))
  ],
  "byte inserted": [
    5,
    (random, bytes) => splice(bytes, random.below(bytes.length + 1), 0, String.fromCharCode(random.below(256)))
  ],
  "bytes deleted": [5, (random, bytes) => splice(bytes, random.below(bytes.length), random.between(1, 4), "")],
  "bytes twice": [4, (random, bytes) => {
    const at = random.below(bytes.length)
    return splice(bytes, at, 0, bytes.slice(at, at + random.between(1, 12)))
  }],
  "NUL inserted": [2, (random, bytes) => splice(bytes, random.below(bytes.length + 1), 0, "\0")],
  "bare LF": [4, (random, bytes) => oneLineEnd(random, bytes, "\n")],
  "bare CR": [3, (random, bytes) => oneLineEnd(random, bytes, "\r")],
  "LF everywhere": [1, (_, bytes) => bytes.replaceAll("\r\n", "\n")],
  "line end dropped": [3, (random, bytes) => oneLineEnd(random, bytes, "")],
  "line end twice": [2, (random, bytes) => oneLineEnd(random, bytes, "\r\n\r\n")],
  "no empty line": [2, (_, bytes) => bytes.replace("\r\n\r\n", "\r\n")],
  "empty lines in front": [1, (random, bytes) => random.pick(["\r\n", "\n", "\r", "\r\n\r\n"]) + bytes],
  "bytes behind the end": [6, (random, bytes) => bytes + random.pick(tails)],
  "second answer behind the first": [5, (random, bytes, method) => bytes + another(random, method)],
  "two answers spliced": [4, (random, bytes, method) => {
    const other = another(random, method)
    return bytes.slice(0, random.below(bytes.length + 1)) + other.slice(random.below(other.length + 1))
  }],
  "cut off": [8, (random, bytes) => bytes.slice(0, random.below(bytes.length))],
  "noise": [
    0.5,
    (random) => Array.from({ length: random.between(0, 80) }, () => String.fromCharCode(random.below(256))).join("")
  ]
}

type Mutation =
  | { readonly name: string; readonly on: "answer"; readonly mutate: OnAnswer }
  | { readonly name: string; readonly on: "bytes"; readonly mutate: OnBytes }

const table: ReadonlyArray<readonly [number, Mutation]> = [
  ...Object.entries(onAnswer).map(([name, [weight, mutate]]) => [weight, { name, on: "answer", mutate }] as const),
  ...Object.entries(onBytes).map(([name, [weight, mutate]]) => [weight, { name, on: "bytes", mutate }] as const)
]

/** A piece by itself, which comes when the answer may long be over. */
export const lateBytes = "bytes long behind the end"

export const surplus = (random: Random, method: Method): string =>
  random.chance(60) ? another(random, method) : random.pick(tails)

/** In the order of the report. */
export const mutationNames: ReadonlyArray<string> = [...table.map(([, { name }]) => name), lateBytes]

/** Mutates `count` times; says what was done, and what came out. */
export const mutate = (
  random: Random,
  answer: Answer,
  method: Method,
  count: number
): { readonly names: ReadonlyArray<string>; readonly bytes: string } => {
  const chosen = Array.from({ length: count }, () => random.weighted(table))
  for (const mutation of chosen) if (mutation.on === "answer") mutation.mutate(random, answer, method)
  let bytes = print(answer)
  for (const mutation of chosen) if (mutation.on === "bytes") bytes = mutation.mutate(random, bytes, method)
  return { names: [...new Set(chosen.map(({ name }) => name))], bytes }
}
