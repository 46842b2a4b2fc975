// Real proxies in front of one of our servers, where they are installed: reloaded, restarted, stopped and killed under load.
import * as fs from "node:fs/promises"
import * as net from "node:net"
import * as path from "node:path"
import { setTimeout } from "node:timers/promises"
import type { Random } from "../simulation/random.js"
import type { Keeper } from "./keeper.js"
import type { Certificate } from "./messages.js"

export interface Surroundings {
  readonly keeper: Keeper
  /** For configurations, logs and sockets. */
  readonly directory: string
  /** Of the server behind. */
  readonly port: number
  readonly certificate: Certificate
}

export interface Proxy {
  readonly name: string
  /** By scheme. */
  readonly ports: Readonly<Record<"http" | "https", number>>
  /** Does something to it that happens to proxies; resolves with what it was, when it is back. */
  readonly disturb: (random: Random) => Promise<string>
}

interface Kind {
  readonly name: string
  readonly reload: NodeJS.Signals
  /** Asks it to end when its connections have. */
  readonly quit: NodeJS.Signals
  readonly args: (file: string) => ReadonlyArray<string>
  readonly config: (given: Surroundings, ports: Proxy["ports"], certificate: string) => string
}

const nginx: Kind = {
  name: "nginx",
  reload: "SIGHUP",
  quit: "SIGQUIT",
  args: (file) => ["-c", file, "-p", path.dirname(file), "-e", path.join(path.dirname(file), "nginx.log")],
  config: ({ directory, port }, { http, https }, certificate) => `
    daemon off; worker_processes 2; pid ${directory}/nginx.pid; error_log ${directory}/nginx.log crit;
    ${process.getuid?.() === 0 ? "user root;" : ""}
    events { worker_connections 512; }
    http {
      access_log off;
      ${
    ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((it) => `${it}_temp_path ${directory}/${it};`).join(" ")
  }
      keepalive_timeout 1s; keepalive_requests 50; client_max_body_size 0;
      upstream behind { server 127.0.0.1:${port}; keepalive 16; }
      server {
        listen 127.0.0.1:${http};
        listen 127.0.0.1:${https} ssl;
        ssl_certificate ${certificate}; ssl_certificate_key ${certificate};
        location / {
          proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
          proxy_next_upstream off; proxy_request_buffering off;
        }
      }
    }`
}

const haproxy: Kind = {
  name: "haproxy",
  reload: "SIGUSR2",
  quit: "SIGUSR1",
  args: (file) => ["-W", "-db", "-q", "-f", file],
  config: ({ port }, { http, https }, certificate) => `
global
  maxconn 500
  hard-stop-after 2s
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 15s
  timeout http-keep-alive 500ms
  timeout http-request 2s
frontend front
  bind 127.0.0.1:${http}
  bind 127.0.0.1:${https} ssl crt ${certificate}
  default_backend behind
backend behind
  http-reuse safe
  retries 0
  server one 127.0.0.1:${port}
`
}

const kinds: ReadonlyArray<Kind> = [nginx, haproxy]

/** Milliseconds in which a proxy has to end, and to be back. */
const patience = 3_000

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = net.createServer().once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1")
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
    socket.once("connect", () => socket.destroy())
  })

/** Where it is on this machine; Debian has such programs where only root looks for them. */
const find = async (name: string): Promise<string | undefined> => {
  for (const directory of [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"]) {
    const file = path.join(directory, name)
    if (directory !== "" && await fs.access(file, fs.constants.X_OK).then(() => true, () => false)) return file
  }
  return undefined
}

/** Starts it, as often as it takes until it listens: its port may still belong to the one before. */
const up = async (kind: Kind, command: string, file: string, port: number, keeper: Keeper): Promise<void> => {
  const { args, name } = kind
  const end = performance.now() + patience
  await keeper.ask({ type: "start", name, command, args: args(file) })
  while (!await accepts(port)) {
    if (performance.now() > end) throw new Error(`${name} does not listen; its configuration is ${file}`)
    await setTimeout(20)
    if (!await keeper.ask({ type: "ended", name, within: 0 })) continue
    await keeper.ask({ type: "start", name, command, args: args(file) })
  }
}

const start = async (kind: Kind, command: string, given: Surroundings): Promise<Proxy> => {
  const { directory, keeper } = given
  const { name, quit, reload } = kind
  const ports = { http: await freePort(), https: await freePort() }
  const certificate = path.join(directory, `${name}.pem`)
  const file = path.join(directory, `${name}.conf`)
  await fs.writeFile(certificate, `${given.certificate.cert}\n${given.certificate.key}`, { mode: 0o600 })
  await fs.writeFile(file, kind.config(given, ports, certificate))
  await up(kind, command, file, ports.http, keeper)

  const send = (signal: NodeJS.Signals, group: boolean): Promise<boolean> =>
    keeper.ask({ type: "signal", name, signal, group })
  const again = async (signal: NodeJS.Signals, group: boolean, pause: number): Promise<void> => {
    await send(signal, group)
    if (!await keeper.ask({ type: "ended", name, within: patience })) await send("SIGKILL", true)
    await keeper.ask({ type: "ended", name, within: patience })
    await setTimeout(pause)
    await up(kind, command, file, ports.http, keeper)
  }
  const disturb = async (random: Random): Promise<string> => {
    const pause = random.below(150)
    switch (
      random.weighted({ reloaded: 4, "ended and started": 2, "stopped and started": 2, "killed and started": 1 })
    ) {
      case "reloaded":
        await send(reload, false)
        return `${name} reloaded`
      case "ended and started":
        await again(quit, false, pause)
        return `${name} ended in good order and started`
      case "stopped and started":
        await again("SIGTERM", false, pause)
        return `${name} stopped and started`
      case "killed and started":
        await again("SIGKILL", true, pause)
        return `${name} killed and started`
    }
  }
  return { name, ports, disturb }
}

/** Those that are installed, and the names of those that are not. */
export const startAll = async (
  given: Surroundings
): Promise<{ readonly proxies: ReadonlyArray<Proxy>; readonly missing: ReadonlyArray<string> }> => {
  const proxies: Array<Proxy> = []
  const missing: Array<string> = []
  for (const kind of kinds) {
    const command = await find(kind.name)
    if (command === undefined) missing.push(kind.name)
    else proxies.push(await start(kind, command, given))
  }
  return { proxies, missing }
}
