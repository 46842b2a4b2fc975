import { ConnectionPoolCore } from "@connection-pool/platform-node/ConnectionPoolCore"
import type { ConnectionPoolCoreOptions, ExecuteOptions } from "@connection-pool/platform-node/ConnectionPoolCore"
import * as fs from "node:fs"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { fencesOf, read, root, run, saidToPrint, typeErrors } from "./support/documents.js"

const page = read("docs/migration.md")

/** The cells of a table, without their quotes: of the one that begins with this head. */
const tableOf = (head: string): ReadonlyArray<ReadonlyArray<string>> => {
  const [table = ""] = page.slice(page.indexOf(`| ${head} |`)).split("\n\n")
  return table.split("\n").slice(2).map((row) =>
    row.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", ""))
  )
}

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "migration-"))

/** By what it is: a file that CommonJS, ES modules or TypeScript reads. */
const endings: Readonly<Record<string, string>> = {
  "js before": "js",
  "js require": "cjs",
  "js import": "mjs",
  ts: "mts"
}

const programs = fencesOf("docs/migration.md").filter(({ kind }) => kind !== "sh").map(({ kind, text }, index) => ({
  kind,
  text,
  file: path.join(directory, `program${index}.${endings[kind]}`)
}))

const server = http.createServer((request, response) => {
  request.resume()
  switch (request.url) {
    case "/lost":
      return void request.socket.destroy()
    case "/never":
      return
    case "/text":
      return void response.end("no JSON")
    case "/garbage":
      return void request.socket.end("what?\r\n\r\n")
    default:
      response.end(`{"jsonrpc":"2.0","id":1,"result":"0x10"}`)
  }
})
let url = ""

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  fs.symlinkSync(path.join(root, "packages/demo/node_modules"), path.join(directory, "node_modules"))
  // In the place of the old class is the new one: but for the first line its users change nothing.
  const [before] = programs
  fs.writeFileSync(
    path.join(directory, "ConnectionPoolCore.js"),
    `module.exports = require("@connection-pool/platform-node/ConnectionPoolCore")`
  )
  expect(before?.kind).toBe("js before")
  for (const { file, text } of programs) fs.writeFileSync(file, text.replaceAll("http://127.0.0.1:8545", url))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  fs.rmSync(directory, { recursive: true })
})

describe("the programs of docs/migration.md", () => {
  it("are one in CommonJS before, and CommonJS, an ES module and TypeScript after", () => {
    expect(programs.map(({ kind }) => kind)).toEqual(["js before", "js require", "js import", "ts", "ts"])
    const [before, after] = programs.map(({ text }) => text.split("\n"))
    expect(before?.slice(1)).toEqual(after?.slice(1))
    expect(before?.[0]).not.toEqual(after?.[0])
  })

  it.each(programs.map(({ file, kind, text }, index) => [`program ${index}, ${kind}`, file, text] as const))(
    "print what they say: %s",
    { timeout: 60_000 },
    async (_, file, text) => {
      const said = saidToPrint(text)
      expect(said.length).toBeGreaterThan(0)
      const { code, printed } = await run(file)
      // Events come in between.
      expect([code, printed.trim().split("\n").sort()]).toEqual([0, [...said].sort()])
    }
  )

  it("have the types that they say", { timeout: 60_000 }, () => {
    expect(typeErrors(programs.filter(({ kind }) => kind === "ts").map(({ file }) => file))).toEqual([])
  })
})

/** What is thrown, or rejected with. */
const thrownBy = async (use: () => unknown): Promise<unknown> => {
  try {
    await use()
  } catch (error) {
    return error
  }
  throw new Error("nothing was thrown")
}

const create = (options: Record<string, unknown>) => new ConnectionPoolCore(options as ConnectionPoolCoreOptions)

/** The failure of a request of a new pool. */
const failing =
  (path: string, options: ExecuteOptions = {}, poolOptions: ConnectionPoolCoreOptions = {}) => async () => {
    const pool = new ConnectionPoolCore(poolOptions)
    try {
      return await pool.execute(path.startsWith("/") ? url + path : path, options)
    } finally {
      await pool.destroy()
    }
  }

describe("the tables of docs/migration.md", () => {
  it.each(tableOf("option"))("option %s is %s, %s by default, and %s", async (name, today, byDefault, variable) => {
    const names = today!.split(", ")
    const rows = read("README.md").split("\n")
    const [row] = names.map((one) => rows.find((text) => text.startsWith(`| \`${one}\``)))
    expect(row).toContain(`\`${variable}\``)
    expect(await thrownBy(() => create({ [name!]: Symbol() }))).toMatchObject({ code: "ERR_INVALID_OPTIONS" })
    if (name === today || name === "timeout") return
    const values = { [name!]: 5, [names[0]!]: 6 }
    expect(await thrownBy(() => create(values))).toMatchObject({
      message: expect.stringContaining(`${name} is given beside`)
    })
    expect(byDefault).not.toBe("")
  })

  it("figures are those of getMetrics", async () => {
    const pool = new ConnectionPoolCore()
    expect(new Set(tableOf("figure").map(([name]) => name))).toEqual(new Set(Object.keys(pool.getMetrics())))
    await pool.destroy()
  })

  const provoked: Readonly<Record<string, () => unknown>> = {
    ECONNREFUSED: failing("http://127.0.0.1:1"),
    ECONNRESET: failing("/lost"),
    ETIMEDOUT: failing("/never", { timeout: 20 }),
    ABORT_ERR: failing("/", { signal: AbortSignal.abort() }),
    ERR_QUEUE_FULL: async () => {
      const pool = new ConnectionPoolCore({ maxSockets: 1, maxWaiting: 1 })
      await pool.initialize()
      const all = await Promise.allSettled([1, 2, 3].map(() => pool.execute(`${url}/never`, { timeout: 50 })))
      await pool.destroy()
      const full = all.find((one) => one.status === "rejected" && one.reason.name === "QueueFull")
      if (full?.status === "rejected") throw full.reason
    },
    ERR_INVALID_JSON: failing("/text"),
    ERR_INVALID_RESPONSE: failing("/garbage"),
    ERR_RESPONSE_TOO_LARGE: failing("/", {}, { responseLimit: 5 }),
    ERR_INVALID_REQUEST: failing("/", { body: { big: 1n } }),
    ERR_POOL_CLOSED: async () => {
      const pool = new ConnectionPoolCore()
      await pool.destroy()
      await pool.execute(url)
    },
    ERR_INVALID_OPTIONS: () => create({ maxSockets: 0 }),
    ERR_INVALID_VARIABLE: () => {
      const before = process.env.MAX_SOCKETS
      process.env.MAX_SOCKETS = "many"
      try {
        return ConnectionPoolCore.fromEnvironment()
      } finally {
        if (before === undefined) delete process.env.MAX_SOCKETS
        else process.env.MAX_SOCKETS = before
      }
    }
  }

  it.each(tableOf("code"))("error %s is a %s", async (code, name) => {
    const error = await thrownBy(provoked[code!] ?? (() => {}))
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ code, name })
  })

  it("errors are all there", () => {
    expect(new Set(tableOf("code").map(([code]) => code))).toEqual(new Set(Object.keys(provoked)))
  })
})
