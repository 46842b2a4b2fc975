/**
 * Endpoints as calls, and their connections before the first call.
 *
 * @internal
 */
import * as Origin from "@connection-pool/core/Origin"
import * as Either from "effect/Either"
import type { Endpoint, ExecuteOptions, ExecuteResult, WarmupOptions } from "../ConnectionPoolCore.js"
import type { WarmupReport } from "../CoreReports.js"
import type { Calls } from "./coreCalls.js"
import type { ConnectionPoolCoreError } from "./coreError.js"
import * as Errors from "./coreError.js"

type Call = readonly [url: string | URL, options: ExecuteOptions]

/** A request to an endpoint. */
export const callOf = (endpoint: Endpoint, options: ExecuteOptions): Call => {
  if (typeof endpoint === "string" || endpoint instanceof URL || !endpoint) return [endpoint, options]
  const { headers, timeout, url } = endpoint
  if (headers === undefined && timeout === undefined) return [url, options]
  return [url, {
    ...options,
    headers: options.headers === undefined ? headers : mergedHeaders(headers, options.headers),
    timeout: options.timeout ?? timeout
  }]
}

type Headers = NonNullable<ExecuteOptions["headers"]>

const byName = (headers: Headers | undefined): ReadonlyArray<readonly [string, unknown]> =>
  Array.from<readonly [string, unknown]>(
    Symbol.iterator in Object(headers) ? headers as Iterable<readonly [string, string]> : Object.entries(headers ?? {})
  )

/** Names are the same in any case. */
const mergedHeaders = (base: Headers | undefined, overrides: Headers): Headers => {
  const own = byName(overrides)
  const names = new Set(own.map(([name]) => name.toLowerCase()))
  return Object.fromEntries([...byName(base).filter(([name]) => !names.has(name.toLowerCase())), ...own]) as Headers
}

/** Scheme, host and port; of what is no URL, nothing. */
export const agentOf = (url: string | URL): string =>
  Either.match(Origin.parse(url), { onLeft: () => "", onRight: ({ href }) => href })

const originOf = (url: string | URL): string =>
  Either.match(Origin.parse(url), {
    onLeft: (description) => {
      throw Errors.invalidRequest("url", description)
    },
    onRight: ({ href }) => href
  })

export const warmUp = async (
  calls: Calls,
  endpoints: Iterable<Endpoint>,
  { connections, probe }: WarmupOptions
): Promise<WarmupReport> => {
  const targets = Array.from(endpoints, (endpoint) => callOf(endpoint, probe ?? {}))
  const origins = [...new Set(targets.map(([url]) => originOf(url)))]
  const outcomes = await calls.run((pool) => pool.warmUp(origins, { connections }))
  const probes = probe === undefined ? [] : await Promise.allSettled(targets.map((call) => calls.execute(...call)))
  const report = outcomes.origins.map(({ failures, opened, origin }) => {
    const own = probes.filter((_, index) => agentOf(targets[index]![0]) === origin)
    const failed = own.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason as ConnectionPoolCoreError] : []
    )
    const answers = own.flatMap((outcome) => outcome.status === "fulfilled" ? [outcome.value as ExecuteResult] : [])
    return { agent: origin, opened, errors: [...failures.map(Errors.ofTyped), ...failed], probes: answers }
  })
  const failed = report.reduce((sum, { errors }) => sum + errors.length, 0)
  return { opened: outcomes.opened, failed, endpoints: report }
}
