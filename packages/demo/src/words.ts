// How figures are written.

export const count = (value: number): string => Math.round(value).toLocaleString("en-US")

export const percent = (value: number): string => `${value.toFixed(2)} %`

export const milliseconds = (value: number): string => value < 100 ? value.toFixed(2) : count(value)

export const kilobytes = (bytes: number): string => `${(bytes / 1_024).toFixed(1)} KB`
