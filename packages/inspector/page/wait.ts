// The request that has waited longest, and who holds the connections that it waits for.
import type { Wait } from "../src/internal/wire.js"
import { duration, plural } from "./figures.js"

/** Milliseconds that the last wait stays to be read, so that the page does not jump with every short one. */
const stays = 5_000

const strong = (text: string): HTMLElement => {
  const made = document.createElement("b")
  made.textContent = text
  return made
}

const line = (name: string, ...parts: ReadonlyArray<string | Node>): HTMLElement => {
  const made = document.createElement(name)
  made.append(...parts)
  return made
}

const holderLine = ({ heldFor, id, phase, request, span }: Wait["holders"][number]): HTMLElement => {
  const what = request === null ? "a lease" : `${request} (${phase})`
  const facts = [`connection ${id}`, ...(span === null ? [] : [`span ${span}`])].join(", ")
  return line("li", strong(duration(heldFor)), ` ${what} · ${facts}`)
}

export class WaitPanel {
  private readonly place = document.getElementById("wait")!
  private readonly note = line("p")
  private shownAt = Number.NEGATIVE_INFINITY

  show(wait: Wait | null): void {
    if (wait === null) {
      this.place.dataset["over"] = ""
      this.note.textContent = "Nobody waits now. This was:"
      this.place.hidden = performance.now() - this.shownAt > stays
      return
    }
    this.shownAt = performance.now()
    this.place.hidden = false
    delete this.place.dataset["over"]
    const { holders, moreHolders, origin, others, request, summary, waitedFor } = wait
    const list = line("ol", ...holders.map(holderLine))
    if (moreHolders > 0) list.append(line("li", `and ${plural(moreHolders, "other")}`))
    this.note.textContent = ""
    this.place.replaceChildren(
      this.note,
      line(
        "p",
        strong(`${request ?? "A lease"} has waited ${duration(waitedFor)}`),
        ` for ${origin}${others > 0 ? `, before ${plural(others, "other")}` : ""}.`
      ),
      line("p", `${summary}.`),
      ...(holders.length === 0 ? [] : [line("p", "Connections held longest:"), list])
    )
  }
}
