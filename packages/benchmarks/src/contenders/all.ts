// Who takes part, in the order of their turns. What each is made of is loaded where it plays.
import type { Contender, Open } from "../contender.js"

const contender = (name: string, title: string, load: () => Promise<Open>): Contender => ({
  name,
  title,
  open: async (setup) => {
    const open = await load()
    return open(setup)
  }
})

const undici = () => import("./undici.js")
const nodeHttp = () => import("./nodeHttp.js")
const effect = () => import("./effectClients.js")

export const contenders: ReadonlyArray<Contender> = [
  contender("floor", "bare node:net", async () => (await import("./floor.js")).floor),
  contender("clients", "undici Client × 50, dispatch", async () => (await undici()).clients),
  contender("dispatch", "undici Pool.dispatch", async () => (await undici()).dispatch),
  contender("request", "undici Pool.request", async () => (await undici()).request),
  contender("fetch", "global fetch", async () => (await undici()).globalFetch),
  contender("http", "node:http, keep-alive Agent", async () => (await nodeHttp()).plainAgent),
  contender("agentkeepalive", "node:http, agentkeepalive", async () => (await nodeHttp()).agentkeepalive),
  contender("got", "got, keep-alive Agent", async () => (await nodeHttp()).gotAgent),
  contender("axios", "axios, keep-alive Agent", async () => (await nodeHttp()).axiosAgent),
  contender("layer", "NodeHttpClient.layer, keep-alive", async () => (await effect()).layer),
  contender("layerUndici", "NodeHttpClient.layerUndici", async () => (await effect()).layerUndici),
  contender(
    "layerUndiciRecorded",
    "the same, spans recorded",
    async () => (await effect()).layerUndiciRecorded
  ),
  contender("execute", "ours: execute", async () => (await effect()).poolExecute),
  contender("httpClient", "ours: HttpClient, no spans", async () => (await effect()).poolHttpClient),
  contender("httpClientSpans", "ours: HttpClient, spans", async () => (await effect()).poolHttpClientSpans),
  contender(
    "httpClientRecorded",
    "ours: HttpClient, spans recorded",
    async () => (await effect()).poolHttpClientRecorded
  )
]
