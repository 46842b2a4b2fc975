// Who takes part, in the order of their turns. What each is made of is loaded where it plays.
import type { Contender, Open } from "../contender.js"
import type { Workload } from "../workload.js"

interface Abilities {
  readonly everywhere?: boolean
  readonly can?: (workload: Workload) => boolean
}

const contender = (name: string, title: string, load: () => Promise<Open>, abilities: Abilities = {}): Contender => ({
  name,
  title,
  everywhere: abilities.everywhere ?? false,
  can: abilities.can ?? (() => true),
  open: async (setup) => {
    const open = await load()
    return open(setup)
  }
})

const undici = () => import("./undici.js")
const nodeHttp = () => import("./nodeHttp.js")
const effect = () => import("./effectClients.js")

const everywhere = true

const streams = ({ reads, upload }: Workload): boolean => reads === "stream" || upload > 0

/** It trusts the server, has nothing to give up, and one origin. */
const forFloor = ({ givesUp, origins, site }: Workload): boolean =>
  !givesUp && origins === 1 && !site.startsWith("nginx")

/** A client has one origin, and a new one for each caller would be no pool. */
const forClients = (workload: Workload): boolean =>
  !streams(workload) && !workload.givesUp && !workload.cold && workload.origins === 1

/** They hand streams and signals to node:http, which takes part itself. */
const overHttp = (workload: Workload): boolean => !streams(workload) && !workload.givesUp

/** It does not tell the server how long a streamed body is. */
const forFetch = ({ upload }: Workload): boolean => upload === 0

/** It reads whole answers, as JSON or as text. */
const forCore = ({ reads, upload }: Workload): boolean => upload === 0 && (reads === "json" || reads === "text")

export const contenders: ReadonlyArray<Contender> = [
  contender("floor", "bare node:net", async () => (await import("./floor.js")).floor, { everywhere, can: forFloor }),
  contender(
    "floorEffect",
    "bare node:net, awaited as an Effect",
    async () => (await import("./floor.js")).floorEffect,
    {
      everywhere,
      can: (workload) => forFloor(workload) && !streams(workload)
    }
  ),
  contender("clients", "undici Client × 50, dispatch", async () => (await undici()).clients, { can: forClients }),
  contender("dispatch", "undici Pool.dispatch", async () => (await undici()).dispatch, { everywhere }),
  contender("request", "undici Pool.request", async () => (await undici()).request, { everywhere }),
  contender("fetch", "global fetch", async () => (await undici()).globalFetch, { can: forFetch }),
  contender("http", "node:http, keep-alive Agent", async () => (await nodeHttp()).plainAgent, { everywhere }),
  contender("agentkeepalive", "node:http, agentkeepalive", async () => (await nodeHttp()).agentkeepalive, {
    can: overHttp
  }),
  contender("got", "got, keep-alive Agent", async () => (await nodeHttp()).gotAgent, { can: overHttp }),
  contender("axios", "axios, keep-alive Agent", async () => (await nodeHttp()).axiosAgent, { can: overHttp }),
  contender("layer", "NodeHttpClient.layer, keep-alive", async () => (await effect()).layer),
  contender("layerUndici", "NodeHttpClient.layerUndici", async () => (await effect()).layerUndici, { everywhere }),
  contender(
    "layerUndiciRecorded",
    "the same, spans recorded",
    async () => (await effect()).layerUndiciRecorded
  ),
  contender("execute", "ours: execute", async () => (await effect()).poolExecute, { everywhere }),
  contender("unsafeExecute", "ours: unsafeExecute, no Effect", async () => (await effect()).poolUnsafeExecute, {
    everywhere,
    can: (workload) => !streams(workload)
  }),
  contender("core", "ours: ConnectionPoolCore", async () => (await import("./facade.js")).core, { can: forCore }),
  contender("httpClient", "ours: HttpClient, no spans", async () => (await effect()).poolHttpClient),
  contender("httpClientSpans", "ours: HttpClient, spans", async () => (await effect()).poolHttpClientSpans, {
    everywhere
  }),
  contender(
    "httpClientRecorded",
    "ours: HttpClient, spans recorded",
    async () => (await effect()).poolHttpClientRecorded
  )
]
