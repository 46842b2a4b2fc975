// Everything around the pools: processes, proxies, certificates, and what can be done to them.
import * as fs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import type { Child } from "../processes/child.js"
import { start } from "../processes/child.js"
import { seedOfRun } from "../simulation/random.js"
import type { Certificates } from "./certificates.js"
import { makeCertificates } from "./certificates.js"
import { doors, suspended } from "./doors.js"
import type { FromKeeper, Keeper, ToKeeper } from "./keeper.js"
import type { FromServer, Tally, ToServer } from "./messages.js"
import type { Proxy } from "./proxies.js"
import * as Proxies from "./proxies.js"
import type { Counted } from "./sightings.js"
import type { Target } from "./targets.js"
import * as Targets from "./targets.js"

type Servers = Child<ToServer, FromServer>

export interface Stage {
  readonly targets: ReadonlyArray<Target>
  /** Whom to trust. */
  readonly ca: string
  readonly proxies: ReadonlyArray<Proxy>
  /** Proxies that are not installed. */
  readonly missing: ReadonlyArray<string>
  readonly suspend: () => Promise<void>
  readonly resume: () => Promise<void>
  /** Kills the relay and starts another on its port. */
  readonly replaceRelay: (pause: number) => Promise<void>
  /** How often each request of a block was seen, server by server. */
  readonly sightings: (block: number) => Promise<ReadonlyArray<Counted>>
  readonly tallies: () => Promise<ReadonlyArray<Tally>>
  readonly end: () => Promise<void>
}

const moduleOf = (name: string): URL => new URL(`./${name}${path.extname(import.meta.url)}`, import.meta.url)

const startRelay = async (port: number, to: number): Promise<Child<unknown, number>> =>
  start<unknown, number>(moduleOf("relayMain"), [String(port), String(to)])

interface Ending {
  readonly end: () => Promise<void>
}

/** The children that are there; ended in the end, whatever happens. */
class Children {
  private readonly all = new Set<Ending>()

  async add<A extends Ending>(starting: Promise<A>): Promise<A> {
    const child = await starting
    this.all.add(child)
    return child
  }

  async endOne(child: Ending): Promise<void> {
    await child.end()
    this.all.delete(child)
  }

  async end(): Promise<void> {
    await Promise.all([...this.all].map((child) => child.end()))
  }
}

const open = async (
  names: ReadonlyArray<string>,
  seed: number,
  { right, wrong }: Certificates,
  children: Children
): Promise<{ readonly servers: Servers; readonly ports: ReadonlyMap<string, number> }> => {
  const servers = await children.add(start<ToServer, FromServer>(moduleOf("serverMain")))
  const answer = await servers.ask({ type: "open", doors: names, seed, right, wrong })
  if (answer.type !== "ports") throw new Error("the servers have no ports")
  return { servers, ports: answer.ports }
}

const build = async (seed: number, directory: string, children: Children): Promise<Omit<Stage, "end">> => {
  const certificates = await makeCertificates()
  const keeper: Keeper = await children.add(start<ToKeeper, FromKeeper>(moduleOf("keeperMain")))
  await keeper.ask({ type: "directory", path: directory })
  const main = await open(doors.map(({ name }) => name), seedOfRun(seed, 1), certificates, children)
  const other = await open([suspended.name], seedOfRun(seed, 2), certificates, children)
  const steady = main.ports.get("steady")!
  let relay = await children.add(startRelay(0, steady))
  const relayPort = await relay.ask(undefined)
  const { missing, proxies } = await Proxies.startAll({
    keeper,
    directory,
    port: steady,
    certificate: certificates.right
  })
  const servers = [main.servers, other.servers]

  const targets = [
    ...doors.map((door) => Targets.atDoor(door, main.ports.get(door.name)!)),
    Targets.byName(steady),
    Targets.atSuspended(suspended, other.ports.get(suspended.name)!),
    Targets.behindRelay(relayPort),
    ...proxies.flatMap(({ name, ports }) =>
      (["http", "https"] as const).map((scheme) => Targets.behindProxy(name, scheme, ports[scheme]))
    )
  ]

  return {
    targets,
    ca: certificates.ca,
    proxies,
    missing,
    suspend: async () => void await keeper.ask({ type: "suspend", pid: other.servers.pid }),
    resume: async () => void await keeper.ask({ type: "resume", pid: other.servers.pid }),
    replaceRelay: async (pause) => {
      process.kill(relay.pid, "SIGKILL")
      await children.endOne(relay)
      await new Promise((resolve) => setTimeout(resolve, pause))
      relay = await children.add(startRelay(relayPort, steady))
    },
    sightings: (block) =>
      Promise.all(servers.map(async (server) => {
        const answer = await server.ask({ type: "sightings", block })
        return answer.type === "sightings" ? answer.counts : undefined
      })),
    tallies: async () => {
      const answers = await Promise.all(servers.map((server) => server.ask({ type: "tally" })))
      return answers.flatMap((answer) => answer.type === "tally" ? [answer.tally] : [])
    }
  }
}

/** Rejected, with nothing left behind, when something cannot be started. */
export const setUp = async (seed: number): Promise<Stage> => {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), "connection-pool-chaos-"))
  const children = new Children()
  const end = async (): Promise<void> => {
    await children.end()
    await fs.rm(directory, { recursive: true, force: true })
  }
  try {
    return { ...await build(seed, directory, children), end }
  } catch (error) {
    await end()
    throw error
  }
}
