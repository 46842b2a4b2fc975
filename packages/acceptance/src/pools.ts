// The pools that are measured: the class that takes the old one's place.
import * as Heap from "@connection-pool/demo/heap"
import type { ConnectionPoolCoreOptions, ExecuteResult } from "@connection-pool/platform-node/ConnectionPoolCore"
import { ConnectionPoolCore } from "@connection-pool/platform-node/ConnectionPoolCore"
import * as Effect from "effect/Effect"
import type { Answer } from "./server/messages.js"

export const open = async (options: ConnectionPoolCoreOptions = {}): Promise<ConnectionPoolCore> => {
  const pool = new ConnectionPoolCore(options)
  await pool.initialize()
  return pool
}

/** Hands out a pool, and closes it however it went. */
export const using = async <A>(
  opening: ConnectionPoolCore | Promise<ConnectionPoolCore>,
  use: (pool: ConnectionPoolCore) => Promise<A>
): Promise<A> => {
  const pool = await opening
  try {
    return await use(pool)
  } finally {
    await pool.close()
  }
}

/** What an RPC client sends. */
export const call = { jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] }

/** Asks one of our servers. */
export const ask = (pool: ConnectionPoolCore, url: string, body: object = call): Promise<ExecuteResult<Answer>> =>
  pool.execute<Answer>(url, { body })

/** Opens so many connections: that many requests, none of which is answered before all of them have come. */
export const openConnections = async (pool: ConnectionPoolCore, url: string, many: number): Promise<void> => {
  await Promise.all(Array.from({ length: many }, () => ask(pool, `${url}?hold=${many}`)))
}

/** Bytes of the JavaScript heap that are in use when everything that nobody needs has gone. */
export const heapInUse = (): Promise<number> => Effect.runPromise(Heap.used)
