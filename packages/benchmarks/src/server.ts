// The servers as the benchmark sees them: in processes of their own, so that their work is not counted as a client's.
import { makeCertificate } from "./certificate.js"
import * as Nginx from "./nginx.js"
import * as Child from "./processes/child.js"
import type { Certificate, Counts } from "./rawServer.js"
import type { Workload } from "./workload.js"
import { workloads } from "./workloads.js"

export type ToServer =
  | { readonly type: "listen"; readonly ports: number; readonly certificate: Certificate | undefined }
  | { readonly type: "take" | "hold" | "held" | "release" | "idleEnds" }

export interface FromServer {
  readonly numbers: ReadonlyArray<number>
}

/** Whom a contender asks. */
export interface Address {
  readonly origins: ReadonlyArray<string>
  /** Whom to trust, where it speaks TLS. */
  readonly ca: string | undefined
}

/** What answers one workload. */
export interface Server extends Address {
  /** What came since this was asked last. */
  readonly take: () => Promise<Counts>
}

export interface Servers extends Crowded {
  /** Of ours, by itself. */
  readonly origin: string
  readonly pid: number
  readonly close: () => Promise<void>
}

/** Servers of which ours can be asked to hold its answers back. */
export interface Crowded {
  /** Undefined where it is not installed. */
  readonly serverFor: (workload: Workload) => Promise<Server | undefined>
  /** From now on ours holds its answers back, until it is told to release them. */
  readonly hold: () => Promise<void>
  /** How many requests ours holds. */
  readonly held: () => Promise<number>
  /** Answers them; resolves with how many there were. */
  readonly release: () => Promise<number>
  /** Milliseconds from the last answer to the end of each connection to ours that ended since this was asked last. */
  readonly idleEnds: () => Promise<ReadonlyArray<number>>
}

export const start = async (): Promise<Servers> => {
  const { ask, close, pid } = await Child.start<ToServer, FromServer>("server", "server")
  try {
    const certificate = await makeCertificate()
    const listen = async (ports: number, certificate?: Certificate): Promise<ReadonlyArray<string>> => {
      const scheme = certificate === undefined ? "http" : "https"
      return (await ask({ type: "listen", ports, certificate })).numbers.map((port) => `${scheme}://127.0.0.1:${port}`)
    }
    const [origin = ""] = await listen(1)
    const secure = await listen(1, certificate)
    let many: ReadonlyArray<string> = [origin]
    let nginx: Promise<Nginx.Nginx | undefined> | undefined
    const number = async (type: "held" | "release"): Promise<number> => (await ask({ type })).numbers[0] ?? 0
    const take = async (): Promise<Counts> => {
      const [requests = 0, connections = 0] = (await ask({ type: "take" })).numbers
      return { requests, connections }
    }
    const serverFor = async ({ origins, site }: Workload): Promise<Server | undefined> => {
      switch (site) {
        case "http":
          if (many.length < origins) many = [...many, ...await listen(origins - many.length)]
          return { origins: many.slice(0, origins), ca: undefined, take }
        case "https":
          return { origins: secure, ca: certificate.cert, take }
        case "nginx":
        case "nginxTls":
          nginx ??= Nginx.start(certificate, workloads)
          return (await nginx)?.[site]
      }
    }
    return {
      origin,
      pid,
      serverFor,
      hold: async () => void await ask({ type: "hold" }),
      held: () => number("held"),
      release: () => number("release"),
      idleEnds: async () => (await ask({ type: "idleEnds" })).numbers,
      close: async () => {
        await close()
        await (await nginx)?.close()
      }
    }
  } catch (error) {
    await close()
    throw error
  }
}
