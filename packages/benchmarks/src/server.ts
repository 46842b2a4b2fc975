// The server as the benchmark sees it: a process of its own, so that its work is not counted as a client's.
import * as Child from "./processes/child.js"
import type { Counts } from "./rawServer.js"

export type ToServer = "take"

export interface FromServer extends Counts {
  readonly port: number
}

export interface Server {
  readonly origin: string
  /** What came since this was asked last. */
  readonly take: () => Promise<Counts>
}

export interface RunningServer extends Server {
  readonly pid: number
  readonly close: () => Promise<void>
}

export const start = async (): Promise<RunningServer> => {
  const { ask, close, pid } = await Child.start<ToServer, FromServer>("server")
  const { port } = await ask("take")
  return { pid, origin: `http://127.0.0.1:${port}`, take: () => ask("take"), close }
}
