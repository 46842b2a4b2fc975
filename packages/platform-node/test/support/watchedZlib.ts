/** `node:zlib` under watch: for `vi.mock`, which has to stand in the test itself. */
import type { Transform } from "node:stream"
import type * as zlib from "node:zlib"

/** The decoding streams that the test has opened. */
export const opened: Array<Transform> = []

const watched = <Options>(make: (options?: Options) => Transform) => (options?: Options) => {
  const stream = make(options)
  opened.push(stream)
  return stream
}

export const watch = (real: typeof zlib) => ({
  ...real,
  createGunzip: watched(real.createGunzip),
  createInflate: watched(real.createInflate),
  createInflateRaw: watched(real.createInflateRaw),
  createBrotliDecompress: watched(real.createBrotliDecompress)
})
