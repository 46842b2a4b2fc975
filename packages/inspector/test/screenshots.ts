// `npm run screenshots`: pictures of the page in docs/inspector, after it has watched a pool for a minute.
import * as ConnectionPool from "@connection-pool/core/ConnectionPool"
import * as TestConnector from "@connection-pool/core/TestConnector"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { chromium } from "playwright-core"
import { page } from "../src/internal/page.js"
import * as NodeInspector from "../src/NodeInspector.js"
import { portOf } from "./support/inspected.js"
import { directory, hashOf } from "./support/pictures.js"

interface Service {
  readonly origin: string
  readonly paths: ReadonlyArray<string>
  readonly callers: number
  /** Milliseconds that an answer takes about, its body apart. */
  readonly answer: number
  readonly body: number
}

const services: ReadonlyArray<Service> = [
  { origin: "https://api.payments.example", paths: ["/v2/charges", "/v2/refunds"], callers: 14, answer: 120, body: 20 },
  { origin: "http://search.internal:9200", paths: ["/products/_search"], callers: 20, answer: 45, body: 90 },
  { origin: "http://auth.internal:8080", paths: ["/token", "/keys"], callers: 9, answer: 15, body: 5 },
  {
    origin: "http://inventory.internal:8080",
    paths: ["/stock", "/reports/daily"],
    callers: 22,
    answer: 700,
    body: 1_500
  },
  { origin: "https://images.cdn.example", paths: ["/hero.avif", "/logo.svg"], callers: 16, answer: 30, body: 260 },
  { origin: "http://10.0.3.14:8545", paths: ["/"], callers: 12, answer: 60, body: 10 }
]

const around = (milliseconds: number): number =>
  milliseconds * (0.4 + 1.2 * Math.random() + (Math.random() > 0.96 ? 4 : 0))

const network = TestConnector.layer({
  connect: () => ({ delay: around(40) }),
  respond: ({ url }) => {
    const { answer, body } = services.find(({ origin }) => url.startsWith(origin))!
    return { delay: around(answer), pieceDelay: around(body), body: "{}" }
  }
})

const startedAt = Date.now()

/** Requests come and go with a wave, as on a busy day seen in a minute; it is high when the pictures are taken. */
const caller = (pool: ConnectionPool.Service, { origin, paths }: Service, number: number): Effect.Effect<never> =>
  Effect.gen(function*() {
    const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const share = 0.65 + 0.35 * Math.cos((2 * Math.PI * (now - startedAt - 63_000)) / 37_000)
    const url = `${origin}${paths[number % paths.length]}`
    if (number % 10 < 10 * share) yield* Effect.either(pool.execute({ url }))
    yield* Effect.sleep(50 + 400 * Math.random())
  }).pipe(Effect.forever)

const load = Effect.gen(function*() {
  const pool = yield* ConnectionPool.ConnectionPool
  const callers = services.flatMap((service) =>
    Array.from({ length: service.callers }, (_, number) => caller(pool, service, number))
  )
  yield* Effect.forEach(callers, Effect.forkScoped)
})

const pictures = [
  { name: "light", colorScheme: "light", viewport: { width: 1_200, height: 800 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1_200, height: 800 } },
  { name: "phone", colorScheme: "light", viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
] as const

const take = async (port: number): Promise<void> => {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] })
  const tabs = await Promise.all(pictures.map(async ({ name, ...options }) => {
    const tab = await browser.newPage(options)
    await tab.goto(`http://127.0.0.1:${port}/`)
    return { name, tab }
  }))
  await new Promise((resolve) => setTimeout(resolve, 62_000))
  await fs.mkdir(directory, { recursive: true })
  for (const { name, tab } of tabs) {
    await tab.bringToFront()
    if (name === "dark") await tab.locator("#grid .cell[data-state=body]").nth(20).hover()
    const file = path.join(directory, `${name}.png`)
    await tab.waitForTimeout(500)
    await tab.screenshot({ path: file })
    console.log(`${path.relative(process.cwd(), file)}: ${((await fs.stat(file)).size / 1_024).toFixed(0)} KB`)
  }
  await browser.close()
  await fs.writeFile(path.join(directory, "page.sha256"), `${hashOf(page.html)}\n`)
}

await load.pipe(
  Effect.zipRight(HttpServer.HttpServer),
  Effect.flatMap((server) => Effect.promise(() => take(portOf(server)))),
  Effect.scoped,
  Effect.provide(
    NodeInspector.layer({ port: 0 }).pipe(
      Layer.provideMerge(
        ConnectionPool.layer({ name: "shop", maxConnectionsPerOrigin: 12, minIdlePerOrigin: 2, drainTimeout: 0 })
      ),
      Layer.provide(network)
    )
  ),
  Effect.runPromise
)
