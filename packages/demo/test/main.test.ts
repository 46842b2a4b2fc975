// The whole demo, in processes of its own, on loopback.
import { once } from "node:events"
import type { ServerResponse } from "node:http"
import * as net from "node:net"
import { describe, expect, it } from "vitest"
import type { Check } from "../src/checks.js"
import type { Summary } from "../src/summary.js"
import { deserted, withServer } from "./support/httpServer.js"
import type { Ended } from "./support/runDemo.js"
import { startDemo } from "./support/runDemo.js"

type Printed = Summary & { readonly ok: boolean; readonly checks: ReadonlyArray<Check> }

const timeout = 60_000

const summaryOf = ({ stdout }: Ended): Printed => {
  expect(stdout).toMatch(/^\{.*\}\n$/)
  return JSON.parse(stdout)
}

const control = /[\u0000-\u0009\u000b-\u001f\u007f]/

const gate = () => {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => resolve = done)
  return { promise, resolve }
}

const connectTo = async (origin: string): Promise<net.Socket> => {
  const { hostname, port } = new URL(origin)
  const socket = net.connect(Number(port), hostname)
  await once(socket, "connect")
  return socket
}

describe.concurrent("npm start", () => {
  it("with --json prints one object and nothing else, and its figures agree", { timeout }, async () => {
    const ended = await startDemo("--json", "--requests", "300", "--callers", "20").ended
    const summary = summaryOf(ended)
    expect(ended.stderr).toBe("")
    expect(summary.checks.filter(({ ok }) => !ok)).toEqual([])
    expect(ended.code).toBe(0)
    expect(summary).toMatchObject({
      ok: true,
      callers: 20,
      maxConnectionsPerOrigin: 50,
      embeddedServers: true,
      stoppedBy: null,
      leaks: { socketsAtServer: 0, connectionsOfPool: 0, handlesOfProcess: {}, total: 0 }
    })
    expect(summary.targets.map(({ name }) => name)).toEqual(["http", "https"])
    for (const target of summary.targets) {
      expect(target).toMatchObject({
        origin: expect.stringContaining(`${target.name}://127.0.0.1:`),
        requests: { planned: 300, started: 300, answered: 300, answeredByServer: 300, failed: 0, interrupted: 0 },
        statuses: { 200: 300 },
        failures: [],
        reusePercent: 93.333,
        sockets: { openedByPool: 20, acceptedByServer: 20, mostNeededAtOnce: 20 }
      })
      for (const times of [target.latencyMilliseconds, target.connectMilliseconds]) {
        expect(times?.p50).toBeGreaterThan(0)
        expect(times?.max).toBeGreaterThanOrEqual(times?.p99 ?? Infinity)
      }
      expect(target.heapBytesPerConnection).toBeGreaterThan(0)
      expect(target.requestsPerSecond).toBeGreaterThan(0)
    }
  })

  it("prints plain lines where there is no terminal, and takes any status for an answer", { timeout }, async () => {
    let number = 0
    const answer = (response: ServerResponse) => response.writeHead(++number % 4 === 0 ? 429 : 200).end("hello")
    await withServer((request, response) => request.resume().on("end", () => answer(response)), async (url) => {
      const { code, stderr, stdout } = await startDemo(`${url}/path`, "--requests", "300", "--callers", "20").ended
      expect(code).toBe(0)
      expect(stderr.split("\n")[0]).toBe(`http: sending 300 requests to ${url}`)
      expect(stdout).toMatch(/requests answered +300 of 300\n/)
      expect(stdout).toMatch(/by status +200: 225 {2}429: 75\n/)
      expect(stdout).toMatch(/sockets opened by the pool +20\n/)
      expect(stdout).toMatch(/ok +errors: 0\n/)
      expect(stdout).not.toContain("server's count")
      expect(`${stdout}${stderr}`).not.toMatch(control)
    })
  })

  it("gives the reasons when nobody answers, soon", { timeout }, async () => {
    const ended = await startDemo(deserted, "--json").ended
    expect(ended.code).toBe(1)
    const { checks, leaks, ok, targets } = summaryOf(ended)
    expect(leaks).toMatchObject({ socketsOfProcess: 0, connectionsOfPool: 0, handlesOfProcess: {} })
    expect(ok).toBe(false)
    expect(checks.filter((check) => !check.ok).map(({ name }) => name)).toEqual(["errors"])
    const [target] = targets
    expect(target).toMatchObject({ gaveUp: true, requests: { answered: 0 } })
    expect(target?.requests.failed).toBeLessThan(250)
    expect(target?.failures).toMatchObject([{ kind: "ConnectFailed (Refused)", count: target?.requests.failed }])
  })

  it("says what is wrong with its arguments, and no more", { timeout }, async () => {
    const { code, stderr, stdout } = await startDemo("--requests", "many").ended
    expect(code).toBe(2)
    expect(stdout).toBe("")
    expect(stderr).toMatch(/^error: option '-n, --requests <number>' argument 'many' is invalid\..*\nTry: .*--help\n$/)
  })
})

describe.concurrent("npm start -- --inspect", () => {
  it("goes on, shows the pool at the address that it prints, and ends well at Ctrl-C", { timeout }, async () => {
    const demo = startDemo("--inspect", "--inspect-port", "0")
    const [, address = ""] = await demo.says(/^The pool at work: (http:\/\/127\.0\.0\.1:\d+\/) \(Ctrl-C ends it\)$/m)
    const events = await fetch(`${address}events`)
    const seen = events.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ""
    while (!text.includes("event: Completed")) text += (await seen.read()).value
    const page = await fetch(address)
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"])
    const stats = await (await fetch(`${address}stats`)).json()
    expect(stats).toMatchObject({ name: "demo", failures: {} })
    expect(stats.requests).toBeGreaterThan(0)
    expect((await (await fetch(`${address}connections`)).json()).length).toBeGreaterThan(0)
    expect(await (await fetch(`${address}metrics`)).text()).toMatch(/^http_client_open_connections/m)
    demo.kill("SIGINT")
    const { code, stdout } = await demo.ended
    expect(code).toBe(130)
    expect(stdout).toMatch(/^Stopped by SIGINT: [1-9][\d,]* requests answered, 0 failed\.\n$/)
  })
})

describe.concurrent("a signal", () => {
  it("lets every request that was sent end, and leaves no server behind", { timeout }, async () => {
    const demo = startDemo("--requests", "1000000", "--callers", "20")
    await demo.says(/^http: [\d,]+ of 1,000,000 answered/m)
    demo.kill("SIGINT")
    const { code, stdout } = await demo.ended
    expect(code).toBe(130)
    const answered = /requests answered +([\d,]+) of 1,000,000\n/.exec(stdout)?.[1]
    expect(answered).toMatch(/\d/)
    expect(/by the server's count +([\d,]+)\n/.exec(stdout)?.[1]).toBe(answered)
    expect(stdout).toMatch(/ok +errors: 0\n/)
    expect(stdout).toMatch(/ok +leaks: 0\n/)
    expect(stdout).toMatch(/Stopped by SIGINT/)
    const origin = /JSON-RPC to (\S+)\n/.exec(stdout)?.[1] ?? ""
    await expect(connectTo(origin)).rejects.toThrow("ECONNREFUSED")
  })

  it("stops sending and waits for the answers", { timeout }, async () => {
    const held: Array<ServerResponse> = []
    const all = gate()
    await withServer((request, response) => {
      request.resume()
      if (held.push(response) === 4) all.resolve()
    }, async (url) => {
      const demo = startDemo(url, "--json", "--callers", "6", "--connections", "4")
      await all.promise
      demo.kill("SIGTERM")
      await demo.says(/^SIGTERM: letting running requests end/m)
      for (const response of held) response.end("{}")
      const ended = await demo.ended
      expect(ended.code).toBe(143)
      expect(held).toHaveLength(4)
      const { drain, stoppedBy, targets } = summaryOf(ended)
      expect(stoppedBy).toBe("SIGTERM")
      expect(drain).toMatchObject({ answered: 4, cutOff: 0, unclosed: 0 })
      expect(targets[0]?.requests).toMatchObject({ started: 6, answered: 4, withdrawn: 2, failed: 0, interrupted: 0 })
    })
  })

  it("cuts off what is not answered in the pool's drainTimeout, and says so", { timeout }, async () => {
    const held: Array<ServerResponse> = []
    const all = gate()
    await withServer((request, response) => {
      request.resume()
      if (held.push(response) === 3) all.resolve()
    }, async (url) => {
      const demo = startDemo(url, "--json", "--callers", "3")
      await all.promise
      demo.kill("SIGTERM")
      await demo.says(/^SIGTERM: letting running requests end/m)
      held[0]?.end("{}")
      const ended = await demo.ended
      expect(ended.code).toBe(143)
      const { drain, leaks, targets } = summaryOf(ended)
      expect(drain).toMatchObject({ answered: 1, cutOff: 2, unclosed: 0 })
      expect(targets[0]).toMatchObject({
        requests: { started: 3, answered: 1, failed: 2, interrupted: 0 },
        failures: [{ kind: "PoolClosed", count: 2 }]
      })
      expect(leaks.total).toBe(0)
    })
  })

  it("ends at once when it is the second", { timeout }, async () => {
    const came = gate()
    await withServer(() => came.resolve(), async (url) => {
      const demo = startDemo(url, "--json", "--callers", "1")
      await came.promise
      demo.kill("SIGINT")
      await demo.says(/^SIGINT: /m)
      demo.kill("SIGINT")
      const ended = await demo.ended
      expect(ended).toMatchObject({ code: 130, stdout: "" })
    })
  })

  it("that kills the demo ends its servers too", { timeout }, async () => {
    const demo = startDemo("--requests", "1000000", "--callers", "1")
    const [, origin = ""] = await demo.says(/^http: sending 1,000,000 requests to (\S+)$/m)
    const socket = await connectTo(origin)
    const closed = once(socket.resume(), "close")
    demo.kill("SIGKILL")
    await closed
    await demo.ended
  })
})
