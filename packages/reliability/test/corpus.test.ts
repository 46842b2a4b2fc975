import { describe, expect, it } from "vitest"
import * as Batch from "../src/fuzz/batch.js"
import * as Corpus from "../src/fuzz/corpus.js"
import { examine } from "../src/fuzz/examine.js"
import * as Network from "../src/fuzz/network.js"

const entries = Corpus.read()

/** The same answer, cut in so many ways, and once over sockets of the system. */
const casesOf = (entry: Corpus.Entry) => [
  ...Array.from({ length: 12 }, (_, seed) => Corpus.caseOf(entry, seed, "memory")),
  Corpus.caseOf(entry, 0, "loopback")
]

const compared = entries.filter(({ decompress }) => !decompress)
const decoded = entries.filter(({ decompress }) => decompress)

/** What the pool made of a case, as far as the entry says it. */
const matching = ({ outcome }: Corpus.Entry) =>
  "error" in outcome
    ? { accepted: false, error: expect.stringMatching(new RegExp(`^${outcome.error}`)) as unknown }
    : { accepted: true, status: outcome.status, body: outcome.body }

describe("the corpus", () => {
  it("has the classics and the finds, compared with undici or decoded", () => {
    expect(compared.length).toBeGreaterThanOrEqual(60)
    expect(decoded.length).toBeGreaterThanOrEqual(6)
  })

  it.each(compared.map((entry) => [entry.name, entry] as const))(
    "C12 %s: the pool makes of it what the entry says, however it is cut, and the next request gets its own answer",
    async (_, entry) => {
      for (const { readings, verdict } of await examine(casesOf(entry))) {
        expect(readings.ours.reading).toMatchObject(matching(entry))
        expect(verdict).not.toMatchObject({ kind: "failure" })
      }
    }
  )

  it.each(decoded.map((entry) => [entry.name, entry] as const))(
    "%s: the pool decodes it, or refuses it, however it is cut",
    async (_, entry) => {
      const cases = casesOf(entry).slice(0, 6)
      const { complaints, readings } = await Batch.run(cases, Network.inMemory(), { decompress: true })
      expect(complaints).toEqual([])
      for (const { ours } of readings) {
        expect(ours.complaint).toBeUndefined()
        expect(ours.reading).toMatchObject(matching(entry))
      }
    }
  )
})
