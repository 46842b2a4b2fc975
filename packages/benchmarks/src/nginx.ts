// nginx as it comes, answering by itself, where it is installed: a server that users have, which closes a connection after a
// thousand requests.
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs/promises"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { setTimeout } from "node:timers/promises"
import { BrokenRun } from "./brokenRun.js"
import { on } from "./cores.js"
import type { Certificate, Counts } from "./rawServer.js"
import type { Server } from "./server.js"
import type { Workload } from "./workload.js"

export interface Nginx {
  readonly nginx: Server
  readonly nginxTls: Server
  readonly close: () => Promise<void>
}

/** Milliseconds that it has to begin and to end. */
const patience = 5_000

const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, "127.0.0.1"))
  await Promise.all(servers.map((server) => once(server, "listening")))
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), "close")))
  return ports
}

/** Debian has such programs where only root looks for them. */
const find = async (): Promise<string | undefined> => {
  for (const directory of [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"]) {
    const file = path.join(directory, "nginx")
    if (directory !== "" && await fs.access(file, fs.constants.X_OK).then(() => true, () => false)) return file
  }
  return undefined
}

const location = ({ answer: { text, type }, path }: Workload): string =>
  `location = ${path} { default_type ${type}; return 200 '${text}'; }`

const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]

const config = (directory: string, ports: ReadonlyArray<number>, workloads: ReadonlyArray<Workload>): string => {
  const [http, https, status] = ports
  const paths = new Map(
    workloads.filter(({ site }) => site.startsWith("nginx")).map((workload) => [workload.path, location(workload)])
  )
  return `
daemon off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/log crit;
${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections 4096; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join(" ")}
  server {
    listen 127.0.0.1:${http}; listen 127.0.0.1:${https} ssl;
    ssl_certificate ${directory}/pem; ssl_certificate_key ${directory}/pem;
    ${[...paths.values()].join("\n    ")}
  }
  server { listen 127.0.0.1:${status}; location / { stub_status; } }
}
`
}

/** Requests and accepted connections since it began, the status page's own among them. */
const readStatus = async (port: number): Promise<Counts> => {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })
  const [, accepted, requests] = /\n *(\d+) +\d+ +(\d+)/.exec(await response.text()) ?? []
  if (accepted === undefined || requests === undefined) throw new BrokenRun("nginx does not tell its status")
  return { connections: Number(accepted), requests: Number(requests) }
}

const begin = async (port: number): Promise<Counts> => {
  for (const end = performance.now() + patience;;) {
    try {
      return await readStatus(port)
    } catch (error) {
      if (performance.now() > end) throw new BrokenRun("nginx does not listen", { cause: error })
      await setTimeout(20)
    }
  }
}

/** Undefined where it is not installed. */
export const start = async (
  { cert, key }: Certificate,
  workloads: ReadonlyArray<Workload>
): Promise<Nginx | undefined> => {
  const command = await find()
  if (command === undefined) return undefined
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), "benchmark-nginx-"))
  const ports = await freePorts(3)
  const [http, https, status = 0] = ports
  await fs.writeFile(`${directory}/pem`, `${cert}\n${key}`, { mode: 0o600 })
  await fs.writeFile(`${directory}/conf`, config(directory, ports, workloads))
  const args = ["-c", `${directory}/conf`, "-p", directory, "-e", `${directory}/log`]
  const child = spawn(...on("server", command, args), { stdio: "ignore" })
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()).once("error", () => resolve()))
  const onExit = (): void => void child.kill("SIGTERM")
  process.once("exit", onExit)
  const close = async (): Promise<void> => {
    child.kill("SIGTERM")
    await ended
    process.off("exit", onExit)
    await fs.rm(directory, { recursive: true, force: true })
  }
  try {
    let last = await begin(status)
    const take = async (): Promise<Counts> => {
      const now = await readStatus(status)
      // This very question is one of each.
      const counts = {
        requests: now.requests - last.requests - 1,
        connections: now.connections - last.connections - 1
      }
      last = now
      return counts
    }
    return {
      nginx: { origins: [`http://127.0.0.1:${http}`], ca: undefined, take },
      nginxTls: { origins: [`https://127.0.0.1:${https}`], ca: cert, take },
      close
    }
  } catch (error) {
    await close()
    throw error
  }
}
