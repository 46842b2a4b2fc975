import { Client, type Dispatcher } from "undici"
import { describe, expect, it } from "vitest"
import { Http1Connection } from "../src/internal/http1Connection.js"
import { type Answer, answers, maxHeaderSize } from "./support/answers.js"
import { Recorder, request } from "./support/recorder.js"
import { Wire } from "./support/wire.js"

/** What a client makes of an answer. */
interface Reading {
  /** Complete; not complete when the peer hung up; or refused, with whatever had been delivered before. */
  readonly verdict: "complete" | "truncated" | "refused"
  readonly status: number | undefined
  readonly headers: ReadonlyArray<string>
  readonly body: string
  /** Whether the connection is still open when all was sent (and no FIN yet). */
  readonly kept: boolean
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Sends the pieces, each in a turn of its own; then FIN, if there was no end before. */
const sendAll = async (wire: Wire, pieces: ReadonlyArray<string>, isOver: () => boolean) => {
  for (const piece of pieces) {
    if (piece !== "" && !wire.destroyed) wire.arrive(piece)
    await nextTurn()
  }
  const over = isOver()
  const kept = over && !wire.destroyed
  if (!over && !wire.destroyed) wire.fin()
  await nextTurn()
  await nextTurn()
  return { kept, over }
}

const readOurs = async (answer: Answer, pieces: ReadonlyArray<string>): Promise<Reading> => {
  const wire = new Wire()
  const connection = new Http1Connection(wire, maxHeaderSize, undefined)
  const recorder = new Recorder()
  connection.send(request({ method: answer.method ?? "GET" }), recorder)
  await nextTurn()
  const { kept } = await sendAll(wire, pieces, () => recorder.end !== undefined || recorder.failure !== undefined)
  connection.close()
  expect(recorder.calls).toMatch(/^(hb*)?[ef]$/)
  return {
    verdict: recorder.end !== undefined ? "complete" : recorder.failure?.kind === "Protocol" ? "refused" : "truncated",
    status: recorder.head?.status,
    headers: recorder.head?.rawHeaders ?? [],
    body: recorder.body,
    kept
  }
}

const readUndici = async (answer: Answer, pieces: ReadonlyArray<string>): Promise<Reading> => {
  const wire = new Wire()
  const client = new Client("http://test", {
    maxHeaderSize,
    connect: (_options, callback) => process.nextTick(callback, null, wire)
  })
  let status: number | undefined
  let headers: Array<string> = []
  let body = ""
  let ended: "complete" | "error" | undefined
  const handler = {
    onConnect: () => {},
    onHeaders: (code: number, raw: Array<Buffer>) => {
      if (code >= 200) {
        status = code
        headers = raw.map((text) => text.toString("latin1"))
      }
      return true
    },
    onData: (piece: Buffer) => {
      body += piece.toString("latin1")
      return true
    },
    onComplete: () => {
      ended = "complete"
    },
    onError: () => {
      ended = "error"
    }
  }
  client.dispatch(
    { path: "/", method: (answer.method ?? "GET") as Dispatcher.HttpMethod },
    handler as unknown as Dispatcher.DispatchHandler
  )
  for (let i = 0; i < 10 && wire.writes === 0; i++) await nextTurn()
  expect(wire.writes).toBe(1)
  const { kept, over } = await sendAll(wire, pieces, () => ended !== undefined)
  const verdict = ended === "complete" ? "complete" : over ? "refused" : "truncated"
  await client.destroy().catch(() => {})
  return { verdict, status, headers, body, kept }
}

interface Difference {
  /** What undici reads differently; all else is the same. */
  readonly undici: Partial<Reading>
  readonly reason: string
}

const refusedAtOnce = { verdict: "refused", status: undefined, headers: [], body: "", kept: false } as const
const emptyAnswer = {
  verdict: "complete",
  status: 200,
  headers: ["Content-Length", "0"],
  body: "",
  kept: true
} as const
const short = { verdict: "complete", status: 200, headers: ["Content-Length", "1"], body: "x" } as const

const headReset =
  "undici closes the connection of each HEAD; nothing is uncertain about it, HTTP says that it has no body"
const noContent =
  "undici takes the length for a mismatch; RFC 9112, 6.3 says that there is no body, whatever the headers say"
const foreign = "undici takes it for HTTP; it is another protocol, or a version of its own syntax"
const framingAsBody = (value: string): Difference => ({
  undici: { verdict: "complete", status: 200, headers: ["Transfer-Encoding", value], body: "0\r\n\r\n" },
  reason: "undici hands over the framing of the chunks as the body; the answer is chunked (RFC 9110, 5.6.1 and 5.6.3)"
})
const unbounded = "undici does not count it, so that a peer can go on for ever"

/** Where we differ from undici 7.30.2, by the answer's name, and why. */
const differences: Readonly<Record<string, Difference>> = {
  "100 in front": {
    undici: refusedAtOnce,
    reason: "undici fails the exchange; RFC 9110, 15.2 wants it read and dropped"
  },
  "304 with a content-length": { undici: { verdict: "refused", kept: false }, reason: noContent },
  "204 with a content-length": { undici: { verdict: "refused" }, reason: noContent },
  "a body behind a 204": { undici: { verdict: "refused" }, reason: noContent },
  "HEAD": { undici: { kept: false }, reason: headReset },
  "HEAD without a length": { undici: { kept: false }, reason: headReset },
  "HEAD, keep-alive": { undici: { kept: false }, reason: headReset },
  "HEAD, chunked": { undici: { kept: false }, reason: headReset },
  "header value with trailing blanks": {
    undici: { headers: ["A", "b \t", "Content-Length", "1"] },
    reason: "blanks around a value are not part of it (RFC 9110, 5.5)"
  },
  "HTTP/1.0, keep-alive and close": { undici: { kept: true }, reason: "one of the two sides wants to close" },
  "HTTP/1.0, keep-alive and chunked": {
    undici: { kept: true },
    reason: "its framing is faulty, the connection must be closed (RFC 9112, 6.1)"
  },
  "empty lines behind a body": { undici: { kept: true }, reason: "bytes behind an answer belong to nobody" },
  "chunked with a tab behind it": framingAsBody("chunked\t"),
  "chunked with an empty element behind it": framingAsBody("chunked,"),
  "transfer-encoding: chunked twice": {
    undici: {
      verdict: "complete",
      status: 200,
      headers: ["Transfer-Encoding", "chunked, chunked"],
      body: "x",
      kept: true
    },
    reason: "undici undoes one of two framings; chunked may be applied once (RFC 9112, 6.1)"
  },
  "HTTP/0.9": { undici: { ...short, kept: false }, reason: foreign },
  "HTTP/2.0": { undici: { ...short, kept: false }, reason: foreign },
  "RTSP/1.0": { undici: { ...short, kept: false }, reason: foreign },
  "ICE/1.0": { undici: { ...short, kept: false }, reason: foreign },
  "a reason phrase that is too long": { undici: emptyAnswer, reason: unbounded },
  "a flood of interim answers": { undici: emptyAnswer, reason: unbounded },
  "a flood of chunk extensions": {
    undici: { verdict: "complete", body: "x".repeat(40), kept: true },
    reason: unbounded
  },
  "a chunk extension that is too long": { undici: { verdict: "complete", body: "x", kept: true }, reason: unbounded },
  "a flood of trailers": { undici: { verdict: "complete", kept: true }, reason: unbounded }
}

const inTwo = (bytes: string): ReadonlyArray<ReadonlyArray<string>> =>
  Array.from({ length: Math.max(0, bytes.length - 1) }, (_, i) => [bytes.slice(0, i + 1), bytes.slice(i + 1)])

describe("an answer read by us and by undici", () => {
  it("is one of at least 60, each with a name of its own; every difference names one", () => {
    const names = new Set(answers.map(({ name }) => name))
    expect(names.size).toBe(answers.length)
    expect(names.size).toBeGreaterThanOrEqual(60)
    expect(Object.keys(differences).filter((name) => !names.has(name))).toEqual([])
  })

  it.each(answers)("$name", async (answer) => {
    const cuts = [[answer.bytes], [...answer.bytes], ...inTwo(answer.bytes)]
    const [ours, theirs] = await Promise.all([
      Promise.all(cuts.map((pieces) => readOurs(answer, pieces))),
      Promise.all(cuts.map((pieces) => readUndici(answer, pieces)))
    ])
    const reading = ours[0]!
    for (const [i, other] of ours.entries()) expect([cuts[i], other]).toEqual([cuts[i], reading])
    const difference = differences[answer.name]
    const expected = { ...reading, ...difference?.undici }
    for (const [i, other] of theirs.entries()) expect([cuts[i], other]).toEqual([cuts[i], expected])
    if (difference !== undefined) expect(expected).not.toEqual(reading)
  })
})
