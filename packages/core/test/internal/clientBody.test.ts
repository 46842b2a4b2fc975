import * as HttpBody from "@effect/platform/HttpBody"
import * as UrlParams from "@effect/platform/UrlParams"
import { it } from "@effect/vitest"
import { assertTrue, deepStrictEqual, strictEqual } from "@effect/vitest/utils"
import { Chunk, Effect, Stream } from "effect"
import { Readable } from "node:stream"
import { describe } from "vitest"
import type { ClientBody } from "../../src/internal/clientBody.js"
import { clientBody, UnknownBody } from "../../src/internal/clientBody.js"

/** A body that somebody can send. */
const prepared = (body: HttpBody.HttpBody): Effect.Effect<ClientBody> => {
  const result = clientBody(body)
  assertTrue(!(result instanceof UnknownBody))
  return Effect.succeed(result)
}

const boundaryOf = (contentType: string): string => contentType.slice(contentType.indexOf("boundary=") + 9)

const encode = (text: string) => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** The bytes that would be sent. */
const bytesOf = ({ body }: ClientBody): Effect.Effect<Uint8Array, unknown> => {
  if (body === undefined) return Effect.succeed(new Uint8Array())
  if (typeof body === "string") return Effect.succeed(encode(body))
  if (body instanceof Uint8Array) return Effect.succeed(body)
  return Effect.map(Stream.runCollect(body), (pieces) => {
    for (const piece of pieces) assertTrue(piece instanceof Uint8Array, "a piece is no Uint8Array")
    return new Uint8Array(Buffer.concat(Chunk.toReadonlyArray(pieces)))
  })
}

/** Text, type and length of a body. */
const told = (body: HttpBody.HttpBody) =>
  Effect.gen(function*() {
    const client = yield* prepared(body)
    return [decode(yield* bytesOf(client)), client.contentType, client.contentLength]
  })

const raw = HttpBody.raw
const text = Stream.fromIterable([encode("a"), encode("bc")])

describe("a body of the platform", () => {
  const bodies: Readonly<Record<string, readonly [HttpBody.HttpBody, ReadonlyArray<unknown>]>> = {
    "that is empty": [HttpBody.empty, ["", undefined, undefined]],
    "of bytes": [HttpBody.uint8Array(encode("ab"), "x/y"), ["ab", "x/y", undefined]],
    "of text": [HttpBody.text("tüxt"), ["tüxt", "text/plain", undefined]],
    "of JSON": [HttpBody.unsafeJson([1]), ["[1]", "application/json", undefined]],
    "of URL parameters": [
      HttpBody.urlParams(UrlParams.fromInput({ a: "1 ü" })),
      ["a=1+%C3%BC", "application/x-www-form-urlencoded", undefined]
    ],
    "that is a stream": [HttpBody.stream(text, "x/y"), ["abc", "x/y", undefined]],
    "that is a stream of known length": [HttpBody.stream(text, "x/y", 3), ["abc", "x/y", 3]]
  }
  for (const [what, [body, expected]] of Object.entries(bodies)) {
    it.effect(`${what} is sent as it is`, () =>
      Effect.map(told(body), (result) => deepStrictEqual(result, [...expected])))
  }
})

describe("a raw body", () => {
  const view = encode("[view]").buffer
  const form = "application/x-www-form-urlencoded;charset=UTF-8"
  const urlSearch = new URLSearchParams([["a", "1 2"], ["a", "ü"]])

  const bodies: Readonly<Record<string, readonly [() => unknown, ReadonlyArray<unknown>]>> = {
    "of nothing": [() => undefined, ["", undefined, undefined]],
    "of null": [() => null, ["", undefined, undefined]],
    "of text": [() => "tüxt", ["tüxt", undefined, undefined]],
    "of no text": [() => "", ["", undefined, undefined]],
    "of bytes": [() => encode("ab"), ["ab", undefined, undefined]],
    "that is a Buffer": [() => Buffer.from("ab"), ["ab", undefined, undefined]],
    "that is an ArrayBuffer": [() => encode("ab").buffer, ["ab", undefined, undefined]],
    "that is part of an ArrayBuffer": [() => new DataView(view, 1, 4), ["view", undefined, undefined]],
    "of numbers of two bytes": [() => new Uint16Array(view, 2, 1), ["ie", undefined, undefined]],
    "of URL parameters": [() => urlSearch, ["a=1+2&a=%C3%BC", form, undefined]],
    "that is a Blob": [() => new Blob(["bl", "ob"], { type: "x/y" }), ["blob", "x/y", 4]],
    "that is a Blob of no type": [() => new Blob(["ü"]), ["ü", undefined, 2]],
    "that is a File": [() => new File(["file"], "f.txt", { type: "x/y" }), ["file", "x/y", 4]],
    "that is a stream of Effect's": [() => text, ["abc", undefined, undefined]],
    "that is a Readable of Node's": [() => Readable.from([Buffer.from("a"), Buffer.from("bc")]), [
      "abc",
      undefined,
      undefined
    ]],
    "that is a Readable of text": [() => Readable.from(["tü", "xt"]), ["tüxt", undefined, undefined]],
    "that is a Readable with an encoding": [() => Readable.from([Buffer.from("tüxt")]).setEncoding("utf8"), [
      "tüxt",
      undefined,
      undefined
    ]],
    "that is a ReadableStream of the web": [() => new Blob(["web"]).stream(), ["web", undefined, undefined]],
    "that is a list of pieces": [() => [encode("a"), "ü"], ["aü", undefined, undefined]],
    "that is a generator": [
      function*() {
        yield "a"
        yield encode("b")
      },
      ["ab", undefined, undefined]
    ],
    "that is an async generator": [
      async function*() {
        yield "a"
        yield encode("b")
      },
      ["ab", undefined, undefined]
    ]
  }
  for (const [what, [make, expected]] of Object.entries(bodies)) {
    it.effect(`${what} is sent`, () =>
      Effect.map(told(raw(make())), (result) => deepStrictEqual(result, [...expected])))
  }

  it.effect("has the type and the length that it was given, before its own", () =>
    Effect.gen(function*() {
      const declared = { contentType: "mine/x", contentLength: 4 }
      deepStrictEqual(yield* told(raw(new Blob(["blob"], { type: "x/y" }), declared)), ["blob", "mine/x", 4])
      deepStrictEqual(yield* told(raw(text, declared)), ["abc", "mine/x", 4])
      deepStrictEqual(yield* told(raw(new URLSearchParams("a=1"), { contentType: "x/y" })), ["a=1", "x/y", undefined])
    }))

  it.effect("that is a Blob can be sent twice", () =>
    Effect.gen(function*() {
      const body = yield* prepared(raw(new Blob(["blob"])))
      for (let i = 0; i < 2; i++) strictEqual(decode(yield* bytesOf(body)), "blob")
    }))

  it.effect("that fails while it is read fails with its own failure", () =>
    Effect.gen(function*() {
      const failure = new Error("disk full")
      const failing = [
        new Readable({
          read() {
            this.destroy(failure)
          }
        }),
        new ReadableStream({ pull: (controller) => controller.error(failure) })
      ]
      for (const body of failing) strictEqual(yield* Effect.flip(Effect.flatMap(prepared(raw(body)), bytesOf)), failure)
    }))

  it.effect("that is left early is closed: nothing holds the file open", () =>
    Effect.gen(function*() {
      const readable = Readable.from([Buffer.from("a"), Buffer.from("b")])
      const { body } = yield* prepared(raw(readable))
      yield* Stream.runDrain(Stream.take(body as Stream.Stream<Uint8Array, unknown>, 1))
      strictEqual(readable.destroyed, true)
    }))

  const unknown: Readonly<Record<string, unknown>> = {
    Object: { secret: 1 },
    Number: 5,
    Boolean: true,
    Function: () => "text",
    Symbol: Symbol("a"),
    Date: new Date(0),
    Promise: Promise.resolve("text"),
    SharedArrayBuffer: new SharedArrayBuffer(1)
  }
  for (const [kind, body] of Object.entries(unknown)) {
    it(`of the kind ${kind} is refused, in words and without its content`, () => {
      const refused = clientBody(raw(body, { contentType: "text/plain" }))
      assertTrue(refused instanceof UnknownBody)
      assertTrue(refused.description.includes(kind) && !refused.description.includes("secret"))
    })
  }
})

describe("a form", () => {
  const forms: Readonly<Record<string, (form: FormData) => void>> = {
    "without fields": () => {},
    "with fields": (form) => {
      form.append("a", "1")
      form.append("b", "")
      form.append("a", "2")
    },
    "with names and values that are not ASCII": (form) => form.append("näme €", "wärt 😀"),
    "with line breaks and quotes in names and values": (form) => {
      form.append("na\"me\r\n", "a\rb\nc\r\nd")
      form.append("x", "\n")
    },
    "with a file": (form) => form.append("f", new Blob(["content"], { type: "text/plain" }), "f.txt"),
    "with a file of no type and no name": (form) => form.append("f", new Blob(["content"])),
    "with a file whose name is not ASCII": (form) => form.append("f", new Blob(["ü\r\n€"]), "grüße \"1\"\r\n.txt"),
    "with several files and fields between them": (form) => {
      form.append("first", "1")
      form.append("f", new File(["a".repeat(100_000)], "large.bin", { type: "application/x-large" }))
      form.append("middle", "ü")
      form.append("f", new File([], "empty.txt"))
      form.append("g", new File([new Uint8Array([0, 255, 13, 10])], "bytes"))
    }
  }

  for (const [what, fill] of Object.entries(forms)) {
    it.effect(`${what} is exactly as long as it says, and comes back as it was`, () =>
      Effect.gen(function*() {
        const form = new FormData()
        fill(form)
        for (const body of [HttpBody.formData(form), raw(form)]) {
          const client = yield* prepared(body)
          const bytes = yield* bytesOf(client)
          strictEqual(client.contentLength, bytes.length)
          assertTrue(client.contentType!.startsWith("multipart/form-data; boundary="))
          const headers = { "content-type": client.contentType! }
          // The runtime's own encoding is the measure: it makes CRLF of line breaks, and reads no form without fields.
          const encoded = new Response(form)
          const theirs = boundaryOf(encoded.headers.get("content-type")!)
          const expected = decode(new Uint8Array(yield* Effect.promise(() => encoded.arrayBuffer())))
          strictEqual(decode(bytes), expected.replaceAll(theirs, boundaryOf(client.contentType!)))
          if (what === "without fields") continue
          const read = yield* Effect.promise(() =>
            new Response(bytes as Uint8Array<ArrayBuffer>, { headers }).formData()
          )
          const names = (all: FormData) => Array.from(all, ([name]) => name.replace(/\r\n?|\n/g, ""))
          deepStrictEqual(names(read), names(form))
          for (const [name, value] of form) {
            if (typeof value === "string") continue
            const same = read.getAll(name).find((file) => typeof file !== "string" && file.size === value.size) as File
            const [sent, came] = yield* Effect.promise(() => Promise.all([value.arrayBuffer(), same.arrayBuffer()]))
            deepStrictEqual(new Uint8Array(came), new Uint8Array(sent))
          }
        }
      }))
  }

  it.effect("is encoded each time it is sent, with a boundary of its own", () =>
    Effect.gen(function*() {
      const form = new FormData()
      form.append("a", "1")
      const [first, second] = [yield* prepared(HttpBody.formData(form)), yield* prepared(HttpBody.formData(form))]
      assertTrue(first.contentType !== second.contentType)
      for (const body of [first, second]) assertTrue(decode(yield* bytesOf(body)).includes(`name="a"`))
    }))

  it.effect("does not read its files before it is sent", () =>
    Effect.gen(function*() {
      const mebibyte = 1024 * 1024
      let taken = 0
      const file = new File([new Uint8Array(8 * mebibyte)], "f")
      const stream = file.stream.bind(file)
      const counting = () =>
        new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform: (piece, controller) => {
            taken += piece.length
            controller.enqueue(piece)
          }
        })
      file.stream = () => stream().pipeThrough(counting())
      const form = new FormData()
      form.append("f", file)
      const client = yield* prepared(HttpBody.formData(form))
      strictEqual(taken, 0)
      strictEqual((yield* bytesOf(client)).length, client.contentLength)
      strictEqual(taken, 8 * mebibyte)
    }))
})
