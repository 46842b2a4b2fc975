// The grid is one stop for the Tab key; inside it the arrow keys move, as in the ARIA grid pattern.
import type { Origins } from "./origins.js"

const ends: Readonly<Record<string, number>> = { Home: 0, End: -1 }
const sideways: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 }
const rows: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }

const within = (index: number, length: number): number => Math.max(0, Math.min(length - 1, index))

export class Keyboard {
  private readonly origins: Origins
  private stop: HTMLElement | undefined = undefined
  private row: Element | null = null

  constructor(origins: Origins) {
    this.origins = origins
    origins.grid.addEventListener("keydown", (event) => {
      const target = this.targetOf(event.key)
      if (target === undefined) return
      event.preventDefault()
      target.focus()
    })
    origins.grid.addEventListener("focusin", ({ target }) => this.stopAt(target as HTMLElement))
  }

  /** After each look: what had the focus may have gone. Then the name of its origin has it, or what comes first. */
  update(): void {
    if (this.stop?.isConnected === true) return
    const hadFocus = this.stop !== undefined && document.activeElement === document.body
    const name = this.row?.isConnected === true ? this.row.querySelector<HTMLElement>(".name") : null
    const next = name ?? this.origins.reachable[0]?.[0]
    if (next === undefined) return
    this.stopAt(next)
    if (hadFocus) next.focus({ preventScroll: true })
  }

  private stopAt(target: HTMLElement): void {
    if (this.stop !== undefined) this.stop.tabIndex = -1
    this.stop = target
    this.row = target.closest(".row")
    target.tabIndex = 0
  }

  private targetOf(key: string): HTMLElement | undefined {
    const all = this.origins.reachable
    const row = all.findIndex((cells) => cells.includes(document.activeElement as HTMLElement))
    if (row < 0) return undefined
    const cells = all[row]!
    const cell = cells.indexOf(document.activeElement as HTMLElement)
    if (key in ends) return cells.at(ends[key]!)
    if (key in sideways) return cells[within(cell + sideways[key]!, cells.length)]
    if (!(key in rows)) return undefined
    const other = all[within(row + rows[key]!, all.length)]!
    return other[within(cell, other.length)]
  }
}
