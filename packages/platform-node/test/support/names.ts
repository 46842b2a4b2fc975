import { Effect } from "effect"
import dns from "node:dns"

type Answer = (callback: (error: Error | null, addresses: ReadonlyArray<dns.LookupAddress>) => void) => void

export const addresses = (...list: ReadonlyArray<string>): Answer => (callback) =>
  process.nextTick(callback, null, list.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })))

export const lookupFails = (code: string): Answer => (callback) =>
  process.nextTick(callback, Object.assign(new Error(`getaddrinfo ${code}`), { code }), [])

/** What names mean, from now to the end of the scope; a name may be given another meaning at any time. */
export const names = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const known = new Map<string, Answer>()
      const { lookup } = dns
      const fake = (name: string, options: unknown, callback: Parameters<Answer>[0]) => {
        const answer = known.get(name)
        if (answer === undefined) Reflect.apply(lookup, dns, [name, options, callback])
        else answer(callback)
      }
      dns.lookup = fake as unknown as typeof dns.lookup
      return { known, restore: () => void (dns.lookup = lookup) }
    }),
    ({ restore }) => Effect.sync(restore)
  ),
  ({ known }) => known
)
