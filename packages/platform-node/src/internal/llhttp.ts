/**
 * llhttp, Node's own HTTP parser, in the WebAssembly build that undici ships. One instance serves every connection; a
 * connection holds no more than a pointer into its memory. Strict: none of the lenient flags is ever set.
 *
 * @since 0.1.0
 */
/// <reference path="./llhttpWasm.d.ts" />
import plain from "undici/lib/llhttp/llhttp-wasm.js"
import simd from "undici/lib/llhttp/llhttp_simd-wasm.js"

/**
 * What llhttp's functions answer, as far as we tell the answers apart.
 *
 * @internal
 */
export const errno = { ok: 0, paused: 21 } as const

/** The answer of a callback that ends parsing; any number that is not an `errno` we tell apart. */
const stop = -1

/**
 * What a callback answers: go on, pause behind this place, stop, or (only for the headers) there is no body.
 *
 * @internal
 */
export const verdict = { proceed: 0, noBody: 1, pause: errno.paused, stop } as const

/**
 * Receives what llhttp finds. Places are offsets into the chunk that is being parsed.
 *
 * @internal
 */
export interface ParserCallbacks {
  onHeaderName(start: number, end: number): number
  onHeaderValue(start: number, end: number): number
  onHeadersComplete(status: number, keepAlive: boolean): number
  onBody(start: number, end: number): number
  onMessageComplete(): number
}

/**
 * The exports that are used.
 *
 * @internal
 */
export interface LlhttpExports {
  readonly memory: WebAssembly.Memory
  readonly malloc: (size: number) => number
  readonly free: (address: number) => void
  readonly llhttp_alloc: (type: number) => number
  readonly llhttp_free: (parser: number) => void
  readonly llhttp_reset: (parser: number) => void
  readonly llhttp_resume: (parser: number) => void
  readonly llhttp_execute: (parser: number, address: number, length: number) => number
  readonly llhttp_finish: (parser: number) => number
  readonly llhttp_get_error_pos: (parser: number) => number
  readonly llhttp_get_error_reason: (parser: number) => number
  readonly llhttp_get_http_major: (parser: number) => number
  readonly llhttp_get_http_minor: (parser: number) => number
  readonly llhttp_should_keep_alive: (parser: number) => number
  readonly llhttp_message_needs_eof: (parser: number) => number
}

/**
 * The most bytes that one `execute` takes: a socket reads no more at once.
 *
 * @internal
 */
export const maxInput = 64 * 1024

/** @internal */
export const typeResponse = 2

/** Whose callbacks are meant, and where in the chunk the address `base` is; both only while llhttp runs. */
let target: ParserCallbacks | undefined
let base = 0

const owner = (): ParserCallbacks => {
  if (target === undefined) throw new Error("llhttp called back while nothing is parsed")
  return target
}

/**
 * What llhttp imports.
 *
 * @internal
 */
export const callbacks = {
  wasm_on_url: () => 0,
  wasm_on_status: () => 0,
  wasm_on_message_begin: () => 0,
  wasm_on_header_field: (_parser: number, at: number, length: number) =>
    owner().onHeaderName(at - base, at - base + length),
  wasm_on_header_value: (_parser: number, at: number, length: number) =>
    owner().onHeaderValue(at - base, at - base + length),
  wasm_on_headers_complete: (_parser: number, status: number, _upgrade: number, keepAlive: number) =>
    owner().onHeadersComplete(status, keepAlive === 1),
  wasm_on_body: (_parser: number, at: number, length: number) => owner().onBody(at - base, at - base + length),
  wasm_on_message_complete: (_parser: number) => owner().onMessageComplete()
}

/**
 * Compiles the first build that this machine can run.
 *
 * @internal
 */
export const compile = (builds: ReadonlyArray<Uint8Array<ArrayBuffer>> = [simd, plain]): WebAssembly.Module => {
  let failure: unknown
  for (const bytes of builds) {
    try {
      return new WebAssembly.Module(bytes)
    } catch (error) {
      failure = error
    }
  }
  throw new Error("no build of llhttp can be compiled here", { cause: failure })
}

interface Instance {
  readonly wasm: LlhttpExports
  readonly input: number
}

const instantiate = (): Instance => {
  const wasm = new WebAssembly.Instance(compile(), { env: callbacks }).exports as unknown as LlhttpExports
  return { wasm, input: wasm.malloc(maxInput) }
}

let loaded: Instance | undefined
const instance = (): Instance => (loaded ??= instantiate())

let view = new Uint8Array(0)

/** llhttp's memory; the view is made again when the memory has grown. */
const memory = (wasm: LlhttpExports): Uint8Array =>
  view.buffer === wasm.memory.buffer ? view : (view = new Uint8Array(wasm.memory.buffer))

/**
 * A new parser of answers. It must be given back with `free`, once.
 *
 * @internal
 */
export const alloc = (): number => instance().wasm.llhttp_alloc(typeResponse)

/** @internal */
export const free = (parser: number): void => instance().wasm.llhttp_free(parser)

/**
 * Forgets everything: the next byte is the first of an answer.
 *
 * @internal
 */
export const reset = (parser: number): void => instance().wasm.llhttp_reset(parser)

/**
 * Goes on after a pause, with the next `execute`.
 *
 * @internal
 */
export const resume = (parser: number): void => instance().wasm.llhttp_resume(parser)

/** Up to this size what is found is copied to an arena: memory of its own takes 1.4 to 3.3 µs (docs/DESIGN.md, 13.41). */
const smallPiece = 1024
const arenaSize = 8 * smallPiece
let arena = new Uint8Array(0)
let arenaEnd = 0

/**
 * A copy of what a callback found in the chunk. A small one shares its memory with others.
 *
 * @internal
 */
export const copyOf = (start: number, end: number): Uint8Array<ArrayBuffer> => {
  const length = end - start
  const bytes = memory(instance().wasm)
  if (length > smallPiece) return bytes.slice(base + start, base + end)
  if (arenaEnd + length > arena.length) {
    arena = new Uint8Array(arenaSize)
    arenaEnd = 0
  }
  const piece = arena.subarray(arenaEnd, arenaEnd + length)
  piece.set(bytes.subarray(base + start, base + end))
  arenaEnd += length
  return piece
}

/** Where the last `execute` that did not answer `ok` stopped, as an offset into its chunk. */
let stoppedAt = 0

/** @internal */
export const stopPosition = (): number => stoppedAt

/**
 * Parses `chunk` from `start` to `end`, at most `maxInput` bytes. May be called while another parser calls back.
 *
 * @internal
 */
export const execute = (parser: number, to: ParserCallbacks, chunk: Uint8Array, start: number, end: number): number => {
  const { input, wasm } = instance()
  const outerTarget = target
  const outerBase = base
  const address = outerTarget === undefined ? input : wasm.malloc(maxInput)
  memory(wasm).set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), address)
  target = to
  base = address - start
  try {
    const result = wasm.llhttp_execute(parser, address, end - start)
    if (result !== errno.ok) stoppedAt = wasm.llhttp_get_error_pos(parser) - base
    return result
  } finally {
    target = outerTarget
    base = outerBase
    if (outerTarget !== undefined) wasm.free(address)
  }
}

/**
 * The peer sends no more. Paused when that completes the answer (its end was the connection's end), `ok` when nothing
 * had begun.
 *
 * @internal
 */
export const finish = (parser: number, to: ParserCallbacks): number => {
  const outerTarget = target
  target = to
  try {
    return instance().wasm.llhttp_finish(parser)
  } finally {
    target = outerTarget
  }
}

/**
 * The version, as 10 or 11; `undefined` where it is neither, and not spoken by this package.
 *
 * @internal
 */
export const version = (parser: number): 10 | 11 | undefined => {
  const { wasm } = instance()
  if (wasm.llhttp_get_http_major(parser) !== 1) return undefined
  const minor = wasm.llhttp_get_http_minor(parser)
  return minor === 1 ? 11 : minor === 0 ? 10 : undefined
}

/**
 * Whether the answer lets the connection live, seen from its end.
 *
 * @internal
 */
export const shouldKeepAlive = (parser: number): boolean => instance().wasm.llhttp_should_keep_alive(parser) === 1

/**
 * Whether llhttp takes the end of the connection for the end of the answer. Not to be asked for an answer to HEAD, of which llhttp does
 * not know.
 *
 * @internal
 */
export const endsWithConnection = (parser: number): boolean => instance().wasm.llhttp_message_needs_eof(parser) === 1

/**
 * What was wrong, in llhttp's words, which never quote the peer.
 *
 * @internal
 */
export const errorReason = (parser: number): string => {
  const { wasm } = instance()
  const start = wasm.llhttp_get_error_reason(parser)
  if (start === 0) return ""
  const bytes = memory(wasm)
  return Buffer.from(bytes.subarray(start, bytes.indexOf(0, start))).toString("latin1")
}
