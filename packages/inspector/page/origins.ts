// The rows of origins and their connections. What has not changed is not touched: a thousand cells are looked at four times a second.
import type { OriginLook } from "../src/internal/wire.js"
import { connectionStates } from "../src/internal/wire.js"
import { count } from "./figures.js"

/** A connection, as its cell knows it. */
export interface Connection {
  readonly id: number
  readonly origin: string
  readonly state: (typeof connectionStates)[number]
  /** Milliseconds. */
  readonly age: number
  readonly requests: number
}

const element = (name: string, className: string, role: string, parent: HTMLElement): HTMLElement => {
  const made = document.createElement(name)
  made.className = className
  made.setAttribute("role", role)
  parent.append(made)
  return made
}

const write = (place: HTMLElement, text: string): void => {
  if (place.textContent !== text) place.textContent = text
}

class Cell {
  readonly element: HTMLElement
  connection: Connection
  seen: number

  constructor(connection: Connection, look: number, parent: HTMLElement) {
    this.element = element("span", "cell", "gridcell", parent)
    this.element.tabIndex = -1
    this.connection = connection
    this.seen = look
    this.mark()
  }

  update(connection: Connection, look: number): void {
    const changed = connection.state !== this.connection.state
    this.connection = connection
    this.seen = look
    if (changed) this.mark()
  }

  private mark(): void {
    const { id, state } = this.connection
    this.element.dataset["state"] = state
    this.element.setAttribute("aria-label", `connection ${id}, ${state}`)
  }
}

class Row {
  readonly element: HTMLElement
  readonly name: HTMLElement
  readonly cells = new Map<number, Cell>()
  look: OriginLook
  seen = 0
  private readonly counts: HTMLElement
  private readonly place: HTMLElement

  constructor(look: OriginLook, grid: HTMLElement) {
    this.look = look
    this.element = element("div", "row", "row", grid)
    const header = element("div", "header", "rowheader", this.element)
    this.name = element("div", "name", "presentation", header)
    this.name.textContent = look.origin
    this.name.title = look.origin
    this.name.tabIndex = -1
    this.counts = element("div", "counts", "presentation", header)
    this.place = element("div", "cells", "presentation", this.element)
  }

  update(look: OriginLook, number: number): void {
    this.look = look
    this.seen = number
    const { active, connecting, failed, idle, limit, requests, waiting } = look
    const facts = [`${active} active`, `${idle} idle of ${limit}`]
    if (connecting > 0) facts.push(`${connecting} connecting`)
    if (waiting > 0) facts.push(`${count(waiting)} waiting`)
    facts.push(`${count(requests)} requests`)
    if (failed > 0) facts.push(`${count(failed)} failed`)
    write(this.counts, facts.join(" · "))
    this.updateCells(look, number)
  }

  private updateCells({ connections, origin }: OriginLook, number: number): void {
    for (let i = 0; i < connections.length; i += 4) {
      const id = connections[i]!
      const state = connectionStates[connections[i + 1]!]!
      const connection = { id, origin, state, age: 100 * connections[i + 2]!, requests: connections[i + 3]! }
      const cell = this.cells.get(id)
      if (cell === undefined) this.cells.set(id, new Cell(connection, number, this.place))
      else cell.update(connection, number)
    }
    for (const [id, cell] of this.cells) {
      if (cell.seen === number) continue
      cell.element.remove()
      this.cells.delete(id)
    }
  }
}

export class Origins {
  readonly grid: HTMLElement
  private readonly rows = new Map<string, Row>()
  private filter = ""
  private number = 0

  constructor(grid: HTMLElement) {
    this.grid = grid
  }

  update(looks: ReadonlyArray<OriginLook>): void {
    this.number++
    for (const look of looks) {
      let row = this.rows.get(look.origin)
      if (row === undefined) {
        row = new Row(look, this.grid)
        row.element.hidden = !look.origin.includes(this.filter)
        this.rows.set(look.origin, row)
      }
      row.update(look, this.number)
    }
    for (const [origin, row] of this.rows) {
      if (row.seen === this.number) continue
      row.element.remove()
      this.rows.delete(origin)
    }
  }

  show(filter: string): void {
    this.filter = filter.trim().toLowerCase()
    for (const [origin, row] of this.rows) row.element.hidden = !origin.includes(this.filter)
  }

  /** Those that are shown, from the top, each with what can be reached by the arrow keys. */
  get reachable(): ReadonlyArray<ReadonlyArray<HTMLElement>> {
    return Array.from(this.rows.values())
      .filter((row) => !row.element.hidden)
      .map((row) => [row.name, ...Array.from(row.cells.values(), (cell) => cell.element)])
  }

  connectionAt(place: EventTarget | null): Connection | undefined {
    if (!(place instanceof HTMLElement) || !place.classList.contains("cell")) return undefined
    const origin = place.closest(".row")?.querySelector(".name")?.textContent ?? ""
    for (const cell of this.rows.get(origin)?.cells.values() ?? []) if (cell.element === place) return cell.connection
    return undefined
  }
}
