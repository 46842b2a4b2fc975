import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import type { ConnectionInfo, OriginStats, PoolStats } from "@connection-pool/core/PoolStats"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { lookOf, mostBytes } from "../../src/internal/look.js"
import type { Look } from "../../src/internal/wire.js"
import { connectionStates, fromRow } from "../../src/internal/wire.js"
import { poolLayer } from "../support/inspected.js"

const moment = { at: 1_700_000_000_000, run: 1_700_000_000_000, p50: 12.345678901234, p99: 123.45678901234, wait: null }

const look = (stats: PoolStats, connections: ReadonlyArray<ConnectionInfo>): { text: string; look: Look } => {
  const text = lookOf(stats, connections, moment)
  return { text, look: JSON.parse(text) }
}

/** The stats of a pool that has asked an origin, to be made larger. */
const some = Effect.gen(function*() {
  const pool = yield* ConnectionPool.ConnectionPool
  yield* pool.execute({ url: "http://a.test/" })
  return { stats: yield* pool.stats, connections: yield* pool.connections }
}).pipe(Effect.provide(poolLayer()))

/** Many of it. */
const many = (
  origins: number,
  connections: number,
  name = (index: number) => `http://service-${index}.internal:8080`
) =>
  Effect.map(some, ({ connections: [connection], stats }) => {
    const one: OriginStats = { ...stats.origins[0]!, requests: 123_456_789, failures: { RequestTimeout: 1_234 } }
    return {
      stats: Object.assign(Object.create(stats), stats, {
        origins: Array.from({ length: origins }, (_, index) => ({ ...one, origin: name(index), active: 5, idle: 500 }))
      }) as PoolStats,
      connections: Array.from({ length: connections }, (_, id): ConnectionInfo => ({
        ...connection!,
        id: 100_000 + id,
        origin: name(id % origins),
        age: 3_600_000,
        requests: 12_345
      }))
    }
  })

const shown = ({ origins }: Look): number => origins.reduce((sum, row) => sum + fromRow(row).connections.length / 4, 0)

describe("a look", () => {
  it.effect("tells the figures of the stats, and each connection", () =>
    Effect.gen(function*() {
      const { connections, stats } = yield* some
      const { look: seen } = look(stats, connections)
      expect(seen).toMatchObject({ ...moment, pool: "default", idle: 1, requests: 1, opened: 1, moreOrigins: 0 })
      const [origin] = seen.origins.map(fromRow)
      expect(origin).toMatchObject({ origin: "http://a.test", idle: 1, limit: 50, requests: 1, failed: 0 })
      const { age, id } = connections[0]!
      expect(origin!.connections).toEqual([id, connectionStates.indexOf("idle"), Math.round(age / 100), 1])
    }))

  it.effect("of 1,000 connections to 200 origins leaves nothing out, in 64 KB", () =>
    Effect.gen(function*() {
      const { connections, stats } = yield* many(200, 1_000)
      const { look: seen, text } = look(stats, connections)
      expect([seen.origins.length, shown(seen), seen.moreOrigins, seen.moreConnections]).toEqual([200, 1_000, 0, 0])
      expect(text.length).toBeLessThan(mostBytes)
    }))

  it.effect("of more than that says how much is left out, in 64 KB", () =>
    Effect.gen(function*() {
      for (const name of ["é".repeat(30), "x".repeat(240)]) {
        const { connections, stats } = yield* many(300, 30_000, (index) => `http://${name}${index}.test`)
        const { look: seen, text } = look(stats, connections)
        expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(mostBytes)
        expect(seen.origins.length).toBeLessThanOrEqual(200)
        expect([seen.origins.length + seen.moreOrigins, shown(seen) + seen.moreConnections]).toEqual([300, 30_000])
      }
    }))

  it.effect("keeps the origins with most going on", () =>
    Effect.gen(function*() {
      const { stats } = yield* many(300, 0)
      const busy = stats.origins.map((origin, index) => ({ ...origin, waiting: index === 299 ? 1 : 0 }))
      const { look: seen } = look(Object.assign(Object.create(stats), stats, { origins: busy }), [])
      expect(seen.origins.map((row) => row[0])).toContain("http://service-299.internal:8080")
    }))

  it.effect("puts TLS identities of one origin together", () =>
    Effect.gen(function*() {
      const { connections, stats } = yield* many(2, 4, () => "https://a.test")
      const { look: seen } = look(stats, connections)
      expect(seen.origins.map(fromRow)).toMatchObject([{ origin: "https://a.test", active: 10, failed: 2_468 }])
      expect(shown(seen)).toBe(4)
    }))
})
