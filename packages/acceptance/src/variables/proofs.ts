// The nine variables, each by what it does on the wire or to sockets.
import { performance } from "node:perf_hooks"
import * as Pools from "../pools.js"
import { spread } from "../statistics.js"
import { milliseconds } from "../words.js"
import { keepAliveDelays } from "./keepAliveTimer.js"
import type { Proof } from "./proof.js"
import { uploadTimes } from "./uploads.js"

/** Not earlier, but for the clocks of two processes, and not as late as twice the value would be: how exact it is, is another row's. */
const isOf = (found: number, wanted: number): boolean => found > 0.95 * wanted && found < 1.5 * wanted

const failure = (call: Promise<unknown>): Promise<unknown> => call.then(() => undefined, (error: unknown) => error)

const sockets = (number: number): string => number === 1 ? "one socket" : `${number} sockets`

/** Of the typed error that the class's error was made of. */
const tagOf = (error: unknown): string => {
  const { cause } = Object(error) as { readonly cause?: { readonly _tag?: string } }
  return cause?._tag ?? String(error)
}

const keepAlive: Proof = {
  variable: "KEEP_ALIVE_ENABLED",
  effect: "Three calls in turn: the sockets they took, and the header `connection` as the server read it",
  values: ["false", "true"],
  look: async ({ pool, site }, value) => {
    const headers = new Set<string | null>()
    for (let i = 0; i < 3; i++) headers.add((await Pools.ask(pool, site.url)).data.connection)
    const { accepted } = await site.report()
    const close = headers.has("close")
    return {
      good: value === "false" ? accepted === 3 && close && headers.size === 1 : accepted === 1 && !close,
      words: `${sockets(accepted)}, ${close ? "`connection: close`" : "no `connection: close`"}`
    }
  }
}

const keepAliveMsecs: Proof = {
  variable: "KEEP_ALIVE_MSECS",
  effect: "The keep-alive timer of an idle socket, as the operating system has it",
  values: ["20000", "60000"],
  look: async ({ pool, site }, value) => {
    const delays = await keepAliveDelays(site.port, () => Pools.ask(pool, site.url))
    const wanted = Number(value)
    return {
      good: delays.length === 1 && delays.every((delay) => delay <= wanted && delay > wanted - 5_000),
      words: delays.map((delay) => `${(delay / 1_000).toFixed(1)} s to the probe`).join(", ") || "no timer"
    }
  }
}

const maxSockets: Proof = {
  variable: "MAX_SOCKETS",
  effect: "Twenty calls at once: the most sockets that were open at the server at once",
  values: ["3", "7"],
  look: async ({ pool, site }, value) => {
    await Promise.all(Array.from({ length: 20 }, () => Pools.ask(pool, `${site.url}?delay=5`)))
    const { mostOpen } = await site.report()
    return { good: mostOpen === Number(value), words: sockets(mostOpen) }
  }
}

const maxFreeSockets: Proof = {
  variable: "MAX_FREE_SOCKETS",
  effect: "Eight calls at once, all answered at once: the sockets that the server still has open after them",
  values: ["2", "5"],
  look: async ({ pool, site }, value) => {
    await Pools.openConnections(pool, site.url, 8)
    await site.settled(Number(value), 1_000)
    // One more call: what was to be closed has been by now.
    await Pools.ask(pool, site.url)
    const { mostOpen, open } = await site.report()
    return { good: open === Number(value) && mostOpen === 8, words: `${open} of ${mostOpen} sockets left` }
  }
}

const connectionTimeout: Proof = {
  variable: "CONNECTION_TIMEOUT",
  effect: "A call to a port whose backlog is full, so that no handshake is answered: when it fails, and how",
  values: ["400", "800"],
  look: async ({ pool, servers }, value) => {
    const url = await servers.deaf()
    const since = performance.now()
    const error = await failure(Pools.ask(pool, url))
    const after = performance.now() - since
    return {
      good: isOf(after, Number(value)) && /Timeout$/.test(tagOf(error)),
      words: `${tagOf(error)} after ${milliseconds(after)}`
    }
  }
}

const scheduling: Proof = {
  variable: "SOCKET_SCHEDULING",
  effect: "Two idle sockets, one of which was used last: which serves the next call",
  values: ["lifo", "fifo"],
  look: async ({ pool, site }, value) => {
    const [first, last] = await Promise.all([
      Pools.ask(pool, `${site.url}?delay=10`),
      Pools.ask(pool, `${site.url}?delay=60`)
    ])
    const { data: { socket } } = await Pools.ask(pool, site.url)
    return {
      good: first.data.socket !== last.data.socket && socket === (value === "lifo" ? last : first).data.socket,
      words: socket === last.data.socket ? "the last used" : "the first used"
    }
  }
}

/** Milliseconds: systems acknowledge what comes alone after 40 or more. */
const acknowledged = 25

const noDelay: Proof = {
  variable: "TCP_NO_DELAY",
  effect:
    "Uploads of small pieces: the time from a request's headers to its end at the server, in the middle of many; with Nagle's " +
    "algorithm a piece waits until the one before has been acknowledged",
  values: ["true", "false"],
  look: async ({ pool, site }, value) => {
    const { p50 } = spread(await uploadTimes(pool, site.url))
    return { good: value === "true" ? p50 < acknowledged : p50 > acknowledged, words: milliseconds(p50) }
  }
}

const responseSizeLimit: Proof = {
  variable: "RESPONSE_SIZE_LIMIT",
  effect: "An answer of some 3,000 bytes: whether it is read, or which error there is",
  values: ["2000", "4000"],
  look: async ({ pool, site }, value) => {
    const error = await failure(Pools.ask(pool, `${site.url}?bytes=3000`))
    const tag = error === undefined ? "read" : tagOf(error)
    return { good: tag === (value === "2000" ? "ResponseTooLarge" : "read"), words: tag }
  }
}

const cleanupPeriod: Proof = {
  variable: "CLEANUP_PERIOD_MS",
  effect: "An endpoint that is not used again: when its idle socket is closed, by the server's clock",
  values: ["400", "800"],
  beside: { HTTP_POOL_IDLE_TIMEOUT: "none" },
  look: async ({ pool, site }, value) => {
    await Pools.ask(pool, site.url)
    const { sockets: [socket] } = await site.settled(0, 3_000)
    const after = (socket?.closedAt ?? Infinity) - (socket?.lastAnswerAt ?? NaN)
    return { good: isOf(after, 2 * Number(value)), words: `closed after ${milliseconds(after)}` }
  }
}

export const proofs: ReadonlyArray<Proof> = [
  keepAlive,
  keepAliveMsecs,
  maxSockets,
  maxFreeSockets,
  connectionTimeout,
  scheduling,
  noDelay,
  responseSizeLimit,
  cleanupPeriod
]
