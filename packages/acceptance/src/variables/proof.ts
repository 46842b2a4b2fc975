// A variable of the environment is effective when two values of it make a difference that others can see.
import type { ConnectionPoolCore } from "@connection-pool/platform-node/ConnectionPoolCore"
import * as Pools from "../pools.js"
import type { Row } from "../row.js"
import type { Servers, Site } from "../server/servers.js"
import type { Environment, Open } from "./environment.js"

export interface Seen {
  readonly good: boolean
  readonly words: string
}

export interface Stage {
  readonly pool: ConnectionPoolCore
  readonly site: Site
  readonly servers: Servers
}

export interface Proof {
  readonly variable: string
  /** What is looked at, and how. */
  readonly effect: string
  readonly values: readonly [string, string]
  /** Variables that keep other effects away. */
  readonly beside?: Environment
  readonly look: (stage: Stage, value: string) => Promise<Seen>
}

/** Both values, one after the other. */
export const prove = async (proof: Proof, servers: Servers, open: Open): Promise<Row> => {
  const seen: Array<Seen> = []
  for (const value of proof.values) {
    const site = await servers.site()
    const pool = open({ ...proof.beside, [proof.variable]: value })
    seen.push(await Pools.using(pool, (pool) => proof.look({ pool, site, servers }, value)))
  }
  return {
    name: proof.variable,
    target: "effective",
    then: "nine variables",
    now: proof.values.map((value, i) => `${value}: ${seen[i]!.words}`).join("; "),
    good: seen.every(({ good }) => good),
    profile: [`${proof.effect}.`]
  }
}
