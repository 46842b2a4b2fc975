/**
 * The request that has waited longest, and who holds the connections that it waits for.
 *
 * @internal
 */
import type { Holder, OriginDiagnosis, PoolDiagnosis, WaitingRequest } from "@connection-pool/core/PoolDiagnosis"
import type { Wait } from "./wire.js"

const mostHolders = 5
const longestName = 100

const holderOf = ({ connectionId, heldFor, phase, request, span }: Holder): Wait["holders"][number] => ({
  id: connectionId,
  phase,
  heldFor: Math.round(heldFor),
  request: request ?? null,
  span: span?.name?.slice(0, longestName) ?? null
})

interface Longest {
  readonly origin: OriginDiagnosis
  readonly waiter: WaitingRequest
}

export const waitOf = ({ origins }: PoolDiagnosis): Wait | null => {
  let longest: Longest | undefined = undefined
  for (const origin of origins) {
    for (const waiter of origin.waiters) {
      if (waiter.waitedFor > (longest?.waiter.waitedFor ?? -1)) longest = { origin, waiter }
    }
  }
  return longest === undefined ? null : shown(longest)
}

const shown = ({ origin, waiter }: Longest): Wait => ({
  origin: origin.origin,
  request: waiter.request ?? null,
  waitedFor: Math.round(waiter.waitedFor),
  others: origin.waiting - 1,
  summary: origin.summary,
  holders: origin.holders.slice(0, mostHolders).map(holderOf),
  moreHolders: origin.holders.length - Math.min(mostHolders, origin.holders.length) + origin.moreHolders
})
