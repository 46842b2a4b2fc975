// The servers, seen from the run.
import * as Child from "@connection-pool/reliability/processes/child"
import type { Ask } from "./desk.js"
import type { FromServer, SiteReport, ToServer } from "./messages.js"

export interface Site {
  readonly url: string
  readonly port: number
  readonly report: () => Promise<SiteReport>
  /** The report as soon as no more than so many sockets are open, or else after `within` milliseconds. */
  readonly settled: (open: number, within: number) => Promise<SiteReport>
}

export interface Servers {
  readonly site: () => Promise<Site>
  /** The URL of a port that lets nobody in. */
  readonly deaf: () => Promise<string>
}

const urlOf = (port: number): string => `http://127.0.0.1:${port}/`

export const over = (ask: Ask): Servers => ({
  site: async () => {
    const { port } = await ask({ type: "open" })
    const settled = (open: number, within: number): Promise<SiteReport> =>
      ask({ type: "report", port, open, within }) as Promise<SiteReport>
    return { port, url: urlOf(port), settled, report: () => settled(0, 0) }
  },
  deaf: async () => urlOf((await ask({ type: "deaf" })).port)
})

/** This file's own ending, so that it is found among the sources and where it is built. */
const main = new URL(import.meta.url.replace(/servers(\.[jt]s)$/, "serverMain$1"))

/** In a process of their own. */
export const start = async (): Promise<Servers & { readonly end: () => Promise<void> }> => {
  const { ask, end } = await Child.start<ToServer, FromServer>(main)
  return { ...over(ask), end }
}
