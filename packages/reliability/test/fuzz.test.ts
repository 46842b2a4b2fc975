import type * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import { ConnectionLost, RequestTimeout } from "@connection-pool/core/PoolError"
import * as NodeConnector from "@connection-pool/platform-node/NodeConnector"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import * as Batch from "../src/fuzz/batch.js"
import * as Campaign from "../src/fuzz/campaign.js"
import { examine } from "../src/fuzz/examine.js"
import { bytesOf, type FuzzCase, make, settlingTurns } from "../src/fuzz/fuzzCase.js"
import { MemorySocket } from "../src/fuzz/memorySocket.js"
import { mutationNames } from "../src/fuzz/mutations.js"
import * as Network from "../src/fuzz/network.js"
import * as Ours from "../src/fuzz/pooledClient.js"
import { type Reading, refused } from "../src/fuzz/reading.js"
import { shrink } from "../src/fuzz/shrink.js"
import { ownBody, Stage } from "../src/fuzz/stage.js"
import { judge } from "../src/fuzz/verdict.js"
import { quiet } from "../src/progress.js"

const caseWith = (bytes: string, fields: Partial<FuzzCase> = {}): FuzzCase => ({
  seed: undefined,
  network: "memory",
  method: "GET",
  mutations: [],
  pieces: [{ bytes, turns: 0 }],
  hangUp: "fin",
  alwaysHangsUp: false,
  rest: settlingTurns,
  warm: false,
  eager: false,
  streamed: false,
  expected: undefined,
  ...fields
})

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
const never = new AbortController().signal

describe("a seed", () => {
  it("makes the same case each time, and another than the next seed", () => {
    expect(make(7)).toEqual(make(7))
    expect(make(7)).not.toEqual(make(8))
  })

  it("makes every mutation, both networks and all ways to hang up among a few thousand", () => {
    const cases = Array.from({ length: 4_000 }, (_, seed) => make(seed))
    const made = new Set(cases.flatMap(({ mutations }) => mutations))
    expect(mutationNames.filter((name) => !made.has(name))).toEqual([])
    expect(new Set(cases.map(({ network }) => network)).size).toBe(2)
    expect(new Set(cases.map(({ alwaysHangsUp, hangUp, rest }) => `${alwaysHangsUp} ${hangUp} ${rest}`)).size).toBe(6)
  })
})

describe("300 cases", () => {
  it("C12 end, leave nothing behind, and no answer reaches another's request", async () => {
    const { found, total } = await Campaign.run(1, 300, quiet, never)
    expect(found).toEqual([])
    expect(total.cases).toBe(300)
    expect(total.bothAccept).toBeGreaterThan(0)
    expect(total.bothRefuse).toBeGreaterThan(0)
    expect(total.intended).toBeGreaterThan(0)
  })

  it("end early at somebody's word", async () => {
    expect((await Campaign.run(1, 300, quiet, AbortSignal.abort())).total.cases).toBe(0)
  })
})

describe("what is intended", () => {
  const examineOne = async (fuzzCase: FuzzCase) => (await examine([fuzzCase]))[0]!.verdict

  it.each([
    ["100 Continue that nobody asked for", caseWith(`HTTP/1.1 100 Continue\r\n\r\n${ok}`)],
    ["204 or 304 with a content-length", caseWith("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")],
    ["connection kept after HEAD", caseWith("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", { method: "HEAD" })]
  ])("is told by its name: %s", async (name, fuzzCase) => {
    expect(await examineOne(fuzzCase)).toEqual({ kind: "intended", name })
  })
})

describe("the verdict", () => {
  const reading = (fields: Partial<Reading> = {}): Reading => ({
    accepted: true,
    error: undefined,
    status: 200,
    headers: ["A", "b"],
    body: "ok",
    kept: true,
    ...fields
  })
  const refusal = refused("no", undefined)
  const judged = (ours: Reading, theirs: Reading, fields: Partial<FuzzCase> = {}) => {
    const verdict = judge(caseWith(ok, fields), { reading: ours, complaint: undefined }, theirs)
    return verdict.kind === "failure" ? verdict.symptom : verdict.kind
  }

  it.each([
    ["both accept", reading(), reading()],
    ["both refuse", refusal, refusal],
    ["only undici accepts", refusal, reading()],
    ["we accept what undici refuses", reading(), refusal],
    ["the two read different answers", reading(), reading({ body: "ok!" })],
    ["the two read different answers", reading(), reading({ status: 201 })],
    ["the two read different answers", reading(), reading({ headers: ["A", "c"] })],
    ["we keep a connection that undici closes", reading(), reading({ kept: false })]
  ])("is: %s", (expected, ours, theirs) => {
    expect(judged(ours, theirs)).toBe(expected)
  })

  it("on a valid answer is a failure unless it is read as it was made, whatever undici reads", () => {
    const expected = { status: 200, body: "ok", refusable: false }
    expect(judged(refusal, refusal, { expected })).toBe("a valid answer is refused")
    expect(judged(reading({ body: "o" }), reading({ body: "o" }), { expected })).toBe("a valid answer is read wrongly")
    const refusable = { ...expected, refusable: true }
    expect(judged(refusal, refusal, { expected: refusable })).toBe("both refuse")
    expect(judged(reading({ body: "o" }), reading({ body: "o" }), { expected: refusable })).toBe(
      "a valid answer is read wrongly"
    )
  })
})

describe("a pool that misbehaves is found out:", () => {
  type Answer = Effect.Effect<{ readonly status: number; readonly text: string }, ConnectionLost | RequestTimeout>

  /** A pool that gives these answers, by target. */
  const poolOf = (answers: Readonly<Record<string, Answer>>) =>
    ({
      execute: ({ url }: { readonly url: string }) =>
        Effect.map(answers[new URL(url).pathname] ?? Effect.never, ({ status, text }) => ({
          status,
          rawHeaders: [],
          body: Buffer.from(text, "latin1")
        }))
    }) as unknown as ConnectionPool.Service

  const own = (path: string): Answer => Effect.succeed({ status: 200, text: ownBody(path, 3) })
  const fuzzed: Answer = Effect.succeed({ status: 200, text: "ok" })
  const lost = new ConnectionLost({
    origin: "http://case-3",
    progress: "maybe-sent",
    reason: "closed",
    reused: true,
    bytesReceived: 0
  })
  const late = new RequestTimeout({
    origin: "http://case-3",
    progress: "maybe-sent",
    phase: "headers",
    option: "headersTimeout",
    timeout: 1
  })

  const symptomOf = async (answers: Readonly<Record<string, Answer>>, prepare: (stage: Stage) => void = () => {}) => {
    const fuzzCase = caseWith(ok, { method: "POST", warm: true })
    const stage = new Stage(fuzzCase, 3)
    prepare(stage)
    const pool = poolOf({ "/warm": own("/warm"), "/fuzzed": fuzzed, "/next": own("/next"), ...answers })
    return (await Effect.runPromise(Ours.play(pool, "http://case-3", fuzzCase, 3, stage))).complaint?.symptom
  }

  it("one that does not is not", async () => {
    expect(await symptomOf({})).toBeUndefined()
    expect(await symptomOf({ "/fuzzed": Effect.fail(lost) })).toBeUndefined()
  })

  it.each<readonly [string, Readonly<Record<string, Answer>>]>([
    ["a request gets an answer that is not its own", { "/next": fuzzed }],
    ["a request gets an answer that is not its own", { "/warm": own("/next") }],
    ["a request with a good answer fails", { "/next": Effect.fail(lost) }],
    ["a failure that is no typed error", { "/fuzzed": Effect.die(new Error("a defect")) }],
    ["an error that does not fit", { "/fuzzed": Effect.fail(late) }]
  ])("%s", async (symptom, answers) => {
    expect(await symptomOf(answers)).toBe(symptom)
  })

  it("a request is sent again though its answer had begun, or though it is a POST", async () => {
    const again = (behind: number) => symptomOf({}, (stage) => void (stage.repeatedBehind = behind))
    expect(await again(5)).toBe("a request is sent again though its answer had begun")
    expect(await again(0)).toBe("a POST is sent again")
  })

  it("a socket is left open", async () => {
    const network = Network.inMemory()
    const origin = await network.listen(new Stage(caseWith(ok), 0))
    const target = { origin: { host: new URL(origin).host }, maxHeaderSize: 1_000 }
    const connection = await Effect.runPromise(network.connector.connect(target as never))
    expect(await network.close()).toEqual(["1 sockets are open though the pool is closed"])
    connection.close()
    expect(await network.close()).toEqual([])
  })

  it("an exception is caught by nobody, or a rejection", async () => {
    const memory = Network.inMemory()
    const throwing: Network.Network = {
      ...memory,
      listen: (stage) => {
        setImmediate(() => {
          throw new Error("thrown")
        })
        void Promise.reject(new Error("rejected"))
        return memory.listen(stage)
      }
    }
    const { complaints } = await Batch.run([caseWith(ok)], throwing)
    expect(complaints).toContainEqual(expect.stringContaining("nobody caught Error: thrown"))
    expect(complaints).toContainEqual(expect.stringContaining("nobody handled the rejection Error: rejected"))
  })

  it("a case never ends", async () => {
    const memory = Network.inMemory()
    const silent: Network.Network = {
      ...memory,
      connector: {
        connect: () => {
          const socket = new MemorySocket(() => {})
          return Effect.sync(() => NodeConnector.fromSocket(socket.asSocket()))
        }
      }
    }
    const { readings } = await Batch.run([caseWith(ok)], silent, { patience: { turns: 100, milliseconds: 100 } })
    expect(readings[0]!.ours.complaint?.symptom).toBe("it never ended")
  })
})

describe("a failing case", () => {
  it("is shrunk to what makes it fail", async () => {
    const found = make(4)
    const poisoned = { ...found, pieces: [...found.pieces, { bytes: "abc\0def", turns: 2 }], expected: undefined }
    const smallest = await shrink(poisoned, (candidate) => Promise.resolve(bytesOf(candidate).includes("\0")))
    expect(smallest.pieces).toEqual([{ bytes: "\0", turns: 0 }])
    expect(smallest).toMatchObject({ method: "GET", network: "memory", warm: false, eager: false, rest: settlingTurns })
  })

  it("that is a valid answer keeps its bytes", async () => {
    const found = caseWith(ok, { warm: true, expected: { status: 200, body: "ok", refusable: false } })
    const smallest = await shrink(found, () => Promise.resolve(true))
    expect([bytesOf(smallest), smallest.warm]).toEqual([ok, false])
  })
})
