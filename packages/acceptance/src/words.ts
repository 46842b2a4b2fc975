// Figures as people read them.

export const count = (value: number): string => Math.round(value).toLocaleString("en-US")

export const percent = (part: number): string => `${(100 * part).toFixed(2)} %`

export const milliseconds = (value: number): string => {
  if (value < 10) return `${value.toFixed(2)} ms`
  return value < 1_000 ? `${value.toFixed(1)} ms` : `${(value / 1_000).toFixed(3)} s`
}

/** Thousands of bytes. */
export const kilobytes = (bytes: number): string => `${(bytes / 1_000).toFixed(1)} KB`

export const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(2).replace(/^-/, "−")} MB`
