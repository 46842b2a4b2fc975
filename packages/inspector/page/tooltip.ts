// What is known of the connection under the pointer or the focus; it is kept up to date while it is shown.
import { count, duration } from "./figures.js"
import type { Connection, Origins } from "./origins.js"

const doing: Readonly<Record<Connection["state"], string>> = {
  connecting: "is being opened",
  idle: "is idle",
  sending: "sends a request",
  headers: "waits for the answer’s headers",
  body: "receives the answer’s body",
  leased: "is leased, between two requests",
  closing: "is being closed"
}

const words = ({ age, id, origin, requests, state }: Connection): string =>
  `Connection ${id} ${doing[state]}\n${origin}\n${duration(age)} old · ${count(requests)} ${
    requests === 1 ? "request" : "requests"
  }`

export class Tooltip {
  private readonly box = document.getElementById("tooltip")!
  private readonly origins: Origins
  private cell: HTMLElement | undefined = undefined

  constructor(origins: Origins) {
    this.origins = origins
    for (const event of ["pointerover", "focusin"]) {
      origins.grid.addEventListener(event, ({ target }) => this.point(target))
    }
    for (const event of ["pointerleave", "focusout"]) origins.grid.addEventListener(event, () => this.hide())
    for (const event of ["scroll", "resize"]) addEventListener(event, () => this.hide(), { passive: true })
    addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.hide()
    })
  }

  /** After each look. */
  update(): void {
    if (this.cell !== undefined) this.point(this.cell)
  }

  private point(target: EventTarget | null): void {
    const connection = this.origins.connectionAt(target)
    if (connection === undefined) return this.hide()
    const cell = target as HTMLElement
    if (this.cell !== cell) {
      this.cell?.removeAttribute("aria-describedby")
      cell.setAttribute("aria-describedby", "tooltip")
      this.cell = cell
    }
    this.box.textContent = words(connection)
    this.box.hidden = false
    this.placeAt(cell.getBoundingClientRect())
  }

  private placeAt({ bottom, left, top }: DOMRect): void {
    const { height, width } = this.box.getBoundingClientRect()
    const x = Math.max(8, Math.min(left - 8, document.documentElement.clientWidth - width - 8))
    const below = bottom + 8 + height <= innerHeight
    this.box.style.transform = `translate(${x}px, ${below ? bottom + 8 : top - 8 - height}px)`
  }

  private hide(): void {
    this.cell?.removeAttribute("aria-describedby")
    this.cell = undefined
    this.box.hidden = true
  }
}
