// The page: listens to /live, and shows each look at the pool.
import type { Look } from "../src/internal/wire.js"
import { fromRow } from "../src/internal/wire.js"
import { count, duration, plural, rate } from "./figures.js"
import { History } from "./history.js"
import { Keyboard } from "./keyboard.js"
import { Origins } from "./origins.js"
import { Sparkline } from "./sparkline.js"
import "./style.css"
import { Tooltip } from "./tooltip.js"
import { WaitPanel } from "./wait.js"

const place = (id: string): HTMLElement => document.getElementById(id)!

const write = (id: string, text: string, unit = ""): void => {
  const small = document.createElement("small")
  small.textContent = unit
  place(id).replaceChildren(text, small)
}

const history = new History()
const origins = new Origins(place("grid"))
const keyboard = new Keyboard(origins)
const waitPanel = new WaitPanel()
const tooltip = new Tooltip(origins)
const charts = {
  rate: new Sparkline("rate-chart", 1),
  latency: new Sparkline("latency-chart", 2, "logarithmic"),
  waiting: new Sparkline("waiting-chart", 1),
  connections: new Sparkline("connections-chart", 2)
}

const known = (milliseconds: number | null): string => milliseconds === null ? "–" : duration(milliseconds)

const showFigures = (look: Look): void => {
  const { steadyRate } = history
  write("pool", look.pool)
  write("rate", steadyRate === null ? "–" : rate(steadyRate))
  write("latency", known(look.p50), ` / ${known(look.p99)}`)
  write("waiting", count(look.waiting))
  write("connections", count(look.active + look.idle), ` open, ${count(look.active)} active`)
  write(
    "totals",
    `${plural(look.requests, "request")} on ${plural(look.opened, "connection")} (${
      look.reusePercent.toFixed(2)
    } % reused) · ` +
      `${count(look.failed)} failed · ${look.connecting} connecting · at most ${count(look.limit)} connections` +
      (look.leaks > 0 ? ` · ${plural(look.leaks, "leak")} suspected` : "")
  )
}

const draw = (look: Look): void => {
  const { active, at, open, p50, p99, rate: rates, waiting } = history
  charts.rate.draw([at, rates], `Requests a second in the last minute, now ${place("rate").textContent}`)
  charts.latency.draw([at, p50, p99], `p50 and p99 in the last minute, now ${place("latency").textContent}`)
  charts.waiting.draw([at, waiting], `Waiting requests in the last minute, now ${look.waiting}`)
  charts.connections.draw([at, open, active], `Connections in the last minute, now ${look.active + look.idle}`)
}

const showMore = ({ moreConnections, moreOrigins }: Look): void => {
  place("more").hidden = moreConnections + moreOrigins === 0
  place("more").textContent = `Not shown: ${plural(moreOrigins, "origin")}, ${plural(moreConnections, "connection")}.`
}

const show = (look: Look): void => {
  history.add(look)
  if (document.hidden) return // nobody sees it; the next look after that shows all
  showFigures(look)
  draw(look)
  waitPanel.show(look.wait)
  write("origin-count", count(look.origins.length + look.moreOrigins))
  origins.update(look.origins.map(fromRow))
  showMore(look)
  keyboard.update()
  tooltip.update()
}

const status = (state: "live" | "connecting", text: string): void => {
  const { dataset } = place("status")
  if (dataset["state"] === state && place("status").textContent === text) return
  dataset["state"] = state
  place("status").textContent = text
}

/** Relative to wherever the inspector is mounted, with a slash at the end or without. */
const live = `${location.pathname.replace(/\/$/, "")}/live`

const listen = (): void => {
  const source = new EventSource(live)
  source.addEventListener("look", ({ data }: MessageEvent<string>) => {
    status("live", "live")
    show(JSON.parse(data))
  })
  source.addEventListener("error", () => {
    status("connecting", "the pool does not answer; trying again …")
    // The browser tries again by itself, but not after an answer that is no stream.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1_000)
  })
}

place("filter").addEventListener("input", ({ target }) => origins.show((target as HTMLInputElement).value))
listen()
