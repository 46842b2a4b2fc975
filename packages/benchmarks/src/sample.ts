// One contender's turn: some time to get going, which is not counted, and a round.
import { BrokenRun } from "./brokenRun.js"
import type { Played, Player } from "./player.js"
import type { Server } from "./server.js"

/** What a round came to. */
export interface Sample {
  readonly requests: number
  /** That brought a request, by the server's count. */
  readonly connections: number
  readonly perSecond: number
  /** Of the contender's process, for one request. */
  readonly cpuMicroseconds: number
  /** Milliseconds, one for each request. */
  readonly latencies: Float64Array
}

/** What a turn needs to know. Durations are milliseconds. */
export interface Turn {
  readonly callers: number
  /** More than so many connections break the run. */
  readonly mostConnections: number
  /** Connections that were closed meanwhile are opened again, and the caches get warm. */
  readonly leadIn: number
  readonly round: number
}

/** A call that is never answered must not be waited for. */
const patience = 30_000

const play = async (player: Player, callers: number, milliseconds: number): Promise<Played> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const give = (): void => reject(new BrokenRun(`calls were not answered within ${patience} ms`))
    timer = setTimeout(give, milliseconds + patience)
  })
  try {
    return await Promise.race([player.play(callers, milliseconds), late])
  } finally {
    clearTimeout(timer)
  }
}

export const sample = async (player: Player, server: Server, turn: Turn): Promise<Sample> => {
  await play(player, turn.callers, turn.leadIn)
  await server.take()
  const { cpuMicroseconds, latencies, milliseconds, uncounted } = await play(player, turn.callers, turn.round)
  const { connections, requests: asked } = await server.take()
  const requests = latencies.length
  if (asked !== requests + uncounted) {
    throw new BrokenRun(`${requests + uncounted} answers, but the server was asked ${asked} times`)
  }
  if (connections > turn.mostConnections) {
    throw new BrokenRun(`${connections} connections where ${turn.mostConnections} were allowed`)
  }
  return {
    requests,
    connections,
    perSecond: (requests * 1_000) / milliseconds,
    cpuMicroseconds: cpuMicroseconds / requests,
    latencies
  }
}
