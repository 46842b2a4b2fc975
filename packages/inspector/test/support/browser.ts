// Chromium as Debian has it, without a window. Where it is not installed, the tests that need it are skipped, with a word.
import type * as Vitest from "@effect/vitest"
import { Effect } from "effect"
import * as fs from "node:fs"
import type { Browser, BrowserContextOptions, Page } from "playwright-core"
import { chromium } from "playwright-core"

const executablePath = "/usr/bin/chromium"

/** One for all tests of a file. */
let browser: Promise<Browser> | undefined = undefined

export const closeBrowser = async (): Promise<void> => (await browser)?.close()

export interface Visit {
  readonly page: Page
  /** What went wrong in the page, its content security policy included. */
  readonly complaints: ReadonlyArray<string>
  /** Whom the page has asked for anything. */
  readonly hosts: ReadonlySet<string>
}

/** A page at a URL, for as long as the scope. */
export const visit = (ctx: Vitest.TestContext, url: string, options: BrowserContextOptions = {}) =>
  Effect.gen(function*() {
    if (!fs.existsSync(executablePath)) ctx.skip(`${executablePath} is not installed`)
    browser ??= chromium.launch({ executablePath, args: ["--no-sandbox"] })
    const context = yield* Effect.acquireRelease(
      Effect.promise(async () => (await browser!).newContext(options)),
      (context) => Effect.promise(() => context.close())
    )
    const page = yield* Effect.promise(() => context.newPage())
    const complaints: Array<string> = []
    const hosts = new Set<string>()
    page.on("request", (request) => hosts.add(new URL(request.url()).host))
    page.on("pageerror", ({ message }) => complaints.push(message))
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text())
    })
    yield* Effect.promise(() => page.goto(url))
    return { page, complaints, hosts } satisfies Visit
  })

/** As soon as the element's text is so. */
export const shows = (page: Page, selector: string, text: string | RegExp): Effect.Effect<void> =>
  Effect.promise(() => page.locator(selector).filter({ hasText: text }).first().waitFor())
