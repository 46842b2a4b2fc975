import { PoolError } from "@connection-pool/core"
import { HttpClientError } from "@effect/platform"
import { assert, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { program } from "../src/tenants.js"

it.live("the server sees each tenant's own certificate, on connections of its own", () =>
  Effect.gen(function*() {
    const { refused, seenBlue, seenRed, stats } = yield* program
    expect(seenRed.map(({ tenant }) => tenant)).toEqual(Array(6).fill("red"))
    expect(seenBlue.map(({ tenant }) => tenant)).toEqual(Array(6).fill("blue"))
    const portsOf = (seen: typeof seenRed) => new Set(seen.map(({ port }) => port))
    expect(portsOf(seenRed).size).toBe(2)
    expect(portsOf(seenBlue).size).toBe(2)
    expect(new Set([...portsOf(seenRed), ...portsOf(seenBlue)]).size).toBe(4)
    expect(stats.origins.map(({ opened, requests }) => ({ opened, requests }))).toEqual([
      { opened: 2, requests: 6 },
      { opened: 2, requests: 6 },
      { opened: 1, requests: 1 }
    ])
    // Without a certificate the server ends the connection, though four with one are idle.
    assert(refused instanceof HttpClientError.RequestError)
    expect(PoolError.isPoolError(refused.cause)).toBe(true)
  }))
