// What a call costs on a connection that is open, over a bare socket that sends the same bytes.
import { once } from "node:events"
import * as net from "node:net"
import { performance } from "node:perf_hooks"
import * as Pools from "../pools.js"
import type { Measure } from "../row.js"
import type { Site } from "../server/servers.js"
import type { Spread } from "../statistics.js"
import { spread } from "../statistics.js"
import { count, milliseconds } from "../words.js"

const bar = 1

interface Caller {
  readonly call: () => Promise<void>
  readonly close: () => void
}

/** Reads nothing but the length of the answer. */
const bareSocket = async (site: Site): Promise<Caller> => {
  const socket = net.connect({ host: "127.0.0.1", port: site.port, noDelay: true })
  await once(socket, "connect")
  const body = JSON.stringify(Pools.call)
  const bytes = Buffer.from(
    `POST / HTTP/1.1\r\nhost: 127.0.0.1:${site.port}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`
  )
  const call = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let answer = ""
      const onData = (piece: Buffer): void => {
        answer += piece.toString("latin1")
        const headEnd = answer.indexOf("\r\n\r\n")
        if (headEnd < 0) return
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(answer)?.[1])
        if (answer.length < headEnd + 4 + length) return
        socket.off("data", onData).off("close", onClose)
        resolve()
      }
      const onClose = (): void => reject(new Error("the server closed the bare socket"))
      socket.on("data", onData).once("close", onClose)
      socket.write(bytes)
    })
  return { call, close: () => socket.destroy() }
}

const inWords = ({ max, p50, p90, p99 }: Spread): string =>
  `median ${milliseconds(p50)}, 90th percentile ${milliseconds(p90)}, 99th ${milliseconds(p99)}, longest ${
    milliseconds(max)
  }`

const timeOf = async (call: () => Promise<unknown>): Promise<number> => {
  const since = performance.now()
  await call()
  return performance.now() - since
}

export const measure: Measure = {
  name: "latency",
  lasts: ({ quick }) => quick ? 0.5 : 3,
  run: async ({ quick, servers }, onPart) => {
    const [rounds, warmUps] = quick ? [1_000, 300] : [5_000, 1_000]
    const site = await servers.site()
    const bare = await bareSocket(site)
    try {
      return await Pools.using(Pools.open(), async (pool) => {
        const ours: Array<number> = []
        const bares: Array<number> = []
        let reused = 0
        const callOurs = async (): Promise<void> => {
          if ((await Pools.ask(pool, site.url)).reused) reused++
        }
        for (let round = -warmUps; round < rounds; round++) {
          // In turns, and each first in every other round: neighbours in time have the same machine.
          const bareFirst = round % 2 === 0 ? await timeOf(bare.call) : undefined
          const one = await timeOf(callOurs)
          const other = bareFirst ?? (await timeOf(bare.call))
          if (round < 0) continue
          ours.push(one)
          bares.push(other)
          if (round % 100 === 0) onPart(round / rounds)
        }
        const [our, their] = [spread(ours), spread(bares)]
        const median = our.p50 - their.p50
        const slower = our.p90 - their.p90
        return [{
          name: "a call on a reused socket, over a bare one",
          target: "< 1 ms",
          then: "< 1 ms",
          now: milliseconds(median),
          good: median < bar && slower < bar && reused >= rounds,
          profile: [
            `${
              count(rounds)
            } calls of execute, JSON both ways, in turns with a bare socket that sends the same and parses nothing.`,
            `execute: ${inWords(our)}.`,
            `Bare: ${inWords(their)}.`,
            `Good: the medians and the 90th percentiles differ by less than ${bar} ms.`
          ]
        }]
      })
    } finally {
      bare.close()
    }
  }
}
