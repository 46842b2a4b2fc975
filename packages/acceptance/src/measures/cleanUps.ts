// The two clean-ups: idle connections, and endpoints that nobody uses.
import * as Pools from "../pools.js"
import type { Measure, Row } from "../row.js"
import type { SiteReport } from "../server/messages.js"
import type { Site } from "../server/servers.js"
import { milliseconds, percent } from "../words.js"

const tolerance = 0.1
const connections = 10

/** Milliseconds from the last answer of each socket to its close, by the server's clock. */
const idleTimes = ({ sockets }: SiteReport): ReadonlyArray<number> =>
  sockets.map(({ closedAt = Infinity, lastAnswerAt = NaN }) => closedAt - lastAnswerAt)

export const cleanUpRow = (name: string, report: SiteReport, configured: number, what: string, and: string): Row => {
  const times = idleTimes(report)
  const farthest = times.reduce(
    (most, time) => Math.abs(time - configured) > Math.abs(most - configured) ? time : most,
    configured
  )
  const away = Math.abs(farthest - configured) / configured
  const closed = times.filter((time) => time < Infinity).length
  return {
    name,
    target: `within 10 % of ${milliseconds(configured)}`,
    then: "within 10 %",
    now: closed < times.length ? `${times.length - closed} still open` : `${percent(away)} away`,
    good: times.length === connections && away <= tolerance,
    profile: [
      `${what} closed ${milliseconds(farthest)} after their last answers at the farthest, by the server's clock.`,
      and
    ].filter((sentence) => sentence !== "")
  }
}

const idle = async (site: Site, configured: number): Promise<Row> =>
  Pools.using(Pools.open({ idleTimeout: configured }), async (pool) => {
    await Pools.openConnections(pool, site.url, connections)
    const report = await site.settled(0, 2 * configured)
    return cleanUpRow("idle expiry", report, configured, `${connections} idle connections`, "")
  })

const unused = async (site: Site, period: number): Promise<Row> =>
  Pools.using(Pools.open({ cleanupPeriod: period, idleTimeout: "none" }), async (pool) => {
    await Pools.openConnections(pool, site.url, connections)
    const known = Object.keys(pool.getStats()).length
    const report = await site.settled(0, 4 * period)
    const left = Object.keys(pool.getStats()).length
    const row = cleanUpRow(
      "unused endpoint, two periods",
      report,
      2 * period,
      `${connections} connections of an unused endpoint, with no idle expiry,`,
      `Endpoints in getStats(): ${known} before, ${left} after.`
    )
    return { ...row, good: row.good && known === 1 && left === 0 }
  })

export const measure: Measure = {
  name: "clean-ups",
  lasts: ({ quick }) => quick ? 1 : 10,
  run: async ({ quick, servers }) => {
    const configured = quick ? 1_000 : 10_000
    const [one, other] = [await servers.site(), await servers.site()]
    return Promise.all([idle(one, configured), unused(other, configured / 2)])
  }
}
