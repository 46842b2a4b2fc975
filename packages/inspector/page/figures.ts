// How figures are written.

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })

export const count = (value: number): string => grouped.format(value)

export const plural = (value: number, one: string, several = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : several}`

export const rate = (perSecond: number): string =>
  perSecond < 10 && perSecond % 1 !== 0 ? perSecond.toFixed(1) : count(perSecond)

/** Two significant figures where they matter, from microseconds to days. */
export const duration = (milliseconds: number): string => {
  if (milliseconds < 10) return `${milliseconds.toFixed(milliseconds < 1 ? 2 : 1)} ms`
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1_000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}
