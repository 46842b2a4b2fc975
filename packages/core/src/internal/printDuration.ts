/**
 * A duration as people read it.
 *
 * @internal
 */

/** `350 ms`, `1.2 s`, `12 s`. */
export const printDuration = (millis: number): string => {
  if (millis < 999.5) return `${Math.round(millis)} ms`
  const seconds = millis / 1000
  return `${seconds < 9.95 ? Number(seconds.toFixed(1)) : Math.round(seconds)} s`
}
