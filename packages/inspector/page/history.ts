// What the sparklines are drawn from: the last minute, and nothing from before the pool was started again.
import type { Look } from "../src/internal/wire.js"

/** At four looks a second. */
export const most = 240

type Series = Array<number | null>

export class History {
  /** Seconds. */
  readonly at: Array<number> = []
  readonly rate: Series = []
  readonly p50: Series = []
  readonly p99: Series = []
  readonly waiting: Series = []
  readonly open: Series = []
  readonly active: Series = []
  private last: Look | undefined = undefined

  /** Of another run than the one before nothing can be told by comparison, so it begins anew. */
  add(look: Look): void {
    if (this.last !== undefined && this.last.run !== look.run) this.clear()
    const seconds = this.last === undefined ? 0 : (look.at - this.last.at) / 1_000
    const rate = seconds > 0 ? Math.max(0, look.requests - this.last!.requests) / seconds : null
    this.push(this.at, look.at / 1_000)
    this.push(this.rate, rate)
    this.push(this.p50, look.p50)
    this.push(this.p99, look.p99)
    this.push(this.waiting, look.waiting)
    this.push(this.open, look.active + look.idle)
    this.push(this.active, look.active)
    this.last = look
  }

  /** Of the last second, which a reader can follow; what is drawn is each quarter of it. */
  get steadyRate(): number | null {
    const known = this.rate.slice(-4).filter((rate) => rate !== null)
    return known.length === 0 ? null : known.reduce((sum, rate) => sum + rate, 0) / known.length
  }

  private push<A>(series: Array<A>, value: A): void {
    series.push(value)
    if (series.length > most) series.shift()
  }

  private clear(): void {
    this.last = undefined
    for (const series of [this.at, this.rate, this.p50, this.p99, this.waiting, this.open, this.active]) {
      series.length = 0
    }
  }
}
