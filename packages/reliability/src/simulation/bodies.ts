// Bodies that tell whose they are, at every byte.

/** `size` bytes that only this id has. */
export const bodyOf = (id: string, size: number): Uint8Array => Buffer.alloc(size, `${id};`)

/** Whether the bytes are the beginning of that id's body. */
export const belongsTo = (id: string, bytes: Uint8Array): boolean => Buffer.from(bodyOf(id, bytes.length)).equals(bytes)

/** In pieces of `most` bytes at most. */
export const cut = (body: Uint8Array, most: number): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(body.length / most) }, (_, index) => body.subarray(index * most, (index + 1) * most))

/** One array of several. */
export const joined = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => Buffer.concat(pieces)
