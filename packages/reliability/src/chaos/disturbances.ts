// What happens beside the requests, again and again.
import * as Effect from "effect/Effect"
import { setTimeout } from "node:timers/promises"
import type { Random } from "../simulation/random.js"
import type { Pools } from "./pools.js"
import type { Stage } from "./stage.js"

export interface Disturbance {
  /** Milliseconds between two of them. */
  readonly pause: readonly [least: number, most: number]
  /** Says what it did. */
  readonly act: (random: Random) => Effect.Effect<string>
}

const ask = (act: (random: Random) => Promise<string>) => (random: Random): Effect.Effect<string> =>
  Effect.promise(() => act(random))

const block = (milliseconds: number): void => {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

export const disturbances = (stage: Stage, pools: Pools): ReadonlyArray<Disturbance> => [
  {
    pause: [300, 2_000],
    act: ask(async (random) => {
      await stage.suspend()
      await setTimeout(random.between(50, 1_000))
      await stage.resume()
      return "server process suspended and resumed"
    })
  },
  {
    pause: [1_000, 3_000],
    act: ask(async (random) => {
      await stage.replaceRelay(random.below(200))
      return "relay process killed and started"
    })
  },
  ...stage.proxies.map(({ disturb }): Disturbance => ({ pause: [500, 2_000], act: ask(disturb) })),
  {
    pause: [1_000, 4_000],
    act: (random) =>
      Effect.as(pools.rebuild(random.pick([0, 50, 300, 2_000])), "pool drained under load and built anew")
  },
  {
    pause: [500, 2_000],
    act: () => Effect.as(pools.lasting.service.closeIdle, "idle connections closed by the caller")
  },
  {
    pause: [500, 2_000],
    act: (random) => {
      const { origin } = random.pick(stage.targets)
      return Effect.as(pools.lasting.service.warmUp([origin], { connections: 4 }).pipe(Effect.ignore), "warm-up")
    }
  },
  {
    pause: [300, 1_500],
    act: (random) => Effect.as(Effect.sync(() => block(random.between(5, 80))), "event loop blocked")
  }
]
