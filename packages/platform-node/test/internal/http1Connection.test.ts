import type { CloseCause } from "@connection-pool/core/Connection"
import { describe, expect, it } from "vitest"
import { Http1Connection } from "../../src/internal/http1Connection.js"
import * as Llhttp from "../../src/internal/llhttp.js"
import { Recorder, request } from "../support/recorder.js"
import { Wire } from "../support/wire.js"

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

const open = async (maxHeaderSize = 16 * 1024) => {
  const wire = new Wire()
  const connection = new Http1Connection(wire, maxHeaderSize, "127.0.0.1:80")
  const closes: Array<CloseCause> = []
  connection.onClose((cause) => closes.push(cause))
  await nextTurn()
  return { closes, connection, wire }
}

const exchange = async (answer: string, fields: Parameters<typeof request>[0] = {}, maxHeaderSize?: number) => {
  const opened = await open(maxHeaderSize)
  const recorder = new Recorder()
  opened.connection.send(request(fields), recorder)
  opened.wire.arrive(answer)
  return { ...opened, recorder }
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

describe("an answer", () => {
  it("is delivered as head, body and end, and leaves the connection reusable", async () => {
    const { closes, connection, recorder } = await exchange(ok)
    expect(recorder.head).toEqual({ status: 200, rawHeaders: ["Content-Length", "2"], contentLength: 2 })
    expect(recorder.body).toBe("ok")
    expect(recorder.calls).toBe("hbe")
    expect(recorder.end).toEqual({ reusable: true, idleLimit: undefined })
    expect(connection.progress).toBe("response-started")
    expect(closes).toEqual([])
  })

  it("has its header values without the blanks around them, empty ones included", async () => {
    const { recorder } = await exchange("HTTP/1.1 200 OK\r\nA:\r\nB: \t x y \t\r\nC:z\r\ncontent-length:0\r\n\r\n")
    expect(recorder.head?.rawHeaders).toEqual(["A", "", "B", "x y", "C", "z", "content-length", "0"])
  })

  it("has header values in latin1", async () => {
    const { recorder } = await exchange("HTTP/1.1 200 OK\r\nA: \xe9\r\nContent-Length: 0\r\n\r\n")
    expect(recorder.head?.rawHeaders[1]).toBe("é")
  })

  it("has a body that is part of the socket's own buffer, not a copy", async () => {
    const { connection, wire } = await open()
    const recorder = new Recorder()
    const chunk = Buffer.from(ok)
    connection.send(request(), recorder)
    wire.push(chunk)
    expect(recorder.pieces[0]?.buffer).toBe(chunk.buffer)
  })

  it.each([
    ["HEAD, whose content-length is another answer's", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
    ["HEAD without a content-length", "HEAD", "HTTP/1.1 200 OK\r\n\r\n"],
    ["HEAD that would be chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["204", "GET", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["204 with a content-length of 0", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"],
    ["304 with a content-length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"],
    ["304 without", "GET", "HTTP/1.1 304 Not Modified\r\n\r\n"]
  ])("has no body and leaves the connection reusable: %s", async (_, method, answer) => {
    const { recorder } = await exchange(answer, { method })
    expect(recorder.calls).toBe("he")
    expect(recorder.head?.contentLength).toBe(0)
    expect(recorder.end?.reusable).toBe(true)
  })

  it.each([
    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"
  ])("C12 of 204 that announces a body has none, and its connection is not reusable: %j", async (answer) => {
    const { recorder } = await exchange(answer)
    expect(recorder.calls).toBe("he")
    expect(recorder.head?.contentLength).toBe(0)
    expect(recorder.end?.reusable).toBe(false)
  })

  it("that is chunked has an unknown length; extensions and trailers are dropped", async () => {
    const { recorder } = await exchange(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\nKeep-Alive: timeout=9\r\n\r\n"
    )
    expect(recorder.head?.contentLength).toBeUndefined()
    expect(recorder.head?.rawHeaders).toEqual(["Transfer-Encoding", "chunked"])
    expect(recorder.body).toBe("abcde")
    expect(recorder.end).toEqual({ reusable: true, idleLimit: undefined })
  })

  it("that is delimited by the connection's close ends with FIN, and is not reusable", async () => {
    const { closes, recorder, wire } = await exchange("HTTP/1.0 200 OK\r\n\r\nab")
    expect(recorder.calls).toBe("hb")
    wire.fin()
    await recorder.done
    expect(recorder.calls).toBe("hbe")
    expect(recorder.end?.reusable).toBe(false)
    expect(closes).toEqual(["closed"])
  })

  it.each([100, 102, 103, 199])("comes after an unasked %i, which is skipped", async (status) => {
    const { recorder } = await exchange(`HTTP/1.1 ${status} Wait\r\nLink: x\r\n\r\n${ok}`)
    expect(recorder.head?.status).toBe(200)
    expect(recorder.head?.rawHeaders).toEqual(["Content-Length", "2"])
    expect(recorder.calls).toBe("hbe")
    expect(recorder.end?.reusable).toBe(true)
  })

  it.each([
    ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true, false],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", true, false],
    ["HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", true, true],
    ["HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 0\r\n\r\n", true, false],
    ["HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true, false],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, false]
  ])("keeps the connection only when both sides said so: %j, asked %s", async (answer, keepAlive, reusable) => {
    const { closes, recorder } = await exchange(answer, { keepAlive })
    expect(recorder.calls).toBe("he")
    expect(recorder.end?.reusable).toBe(reusable)
    expect(closes.length).toBe(reusable ? 0 : 1)
  })

  it.each([
    ["HEAD", "HTTP/1.0 200 OK\r\n\r\n", false],
    ["HEAD", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", true],
    ["HEAD", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false]
  ])("to %s keeps the connection by the same rule: %j", async (method, answer, reusable) => {
    const { recorder } = await exchange(answer, { method })
    expect(recorder.end?.reusable).toBe(reusable)
  })

  it.each([
    ["timeout=5", 5000],
    ["Timeout=5, max=100", 5000],
    ["max=100, TIMEOUT = 7", 7000],
    ["timeout=\"3\"", 3000],
    ["max=1;timeout=2", 2000],
    ["timeout=0", 0],
    ["xtimeout=5", undefined],
    ["timeout=", undefined],
    ["max=5", undefined]
  ])("says with Keep-Alive: %s how long the server keeps the connection", async (value, idleLimit) => {
    const { recorder } = await exchange(`HTTP/1.1 200 OK\r\nKEEP-ALIVE: ${value}\r\nContent-Length: 0\r\n\r\n`)
    expect(recorder.end?.idleLimit).toBe(idleLimit)
  })

  it("C12 with bytes behind its end is delivered, and the connection closed", async () => {
    const { closes, connection, recorder } = await exchange(`${ok}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`)
    expect(recorder.calls).toBe("hbe")
    expect(recorder.end?.reusable).toBe(false)
    expect(closes).toEqual(["poisoned"])
    const second = new Recorder()
    connection.send(request(), second)
    expect(second.calls).toBe("f")
    expect(connection.progress).toBe("not-sent")
  })

  it("may be followed by the next request inside onEnd", async () => {
    const { connection, wire } = await open()
    const first = new Recorder()
    const second = new Recorder()
    first.onEndDo = () => connection.send(request({ target: "/second" }), second)
    connection.send(request({ target: "/first" }), first)
    wire.arrive(ok)
    expect(wire.written).toBe("GET /first HTTP/1.1\r\nhost: test\r\n\r\nGET /second HTTP/1.1\r\nhost: test\r\n\r\n")
    expect(connection.progress).toBe("maybe-sent")
    wire.arrive(ok)
    expect([first.calls, second.calls]).toEqual(["hbe", "hbe"])
  })
})

describe("what is no answer", () => {
  it.each([
    ["HTTP/0.9", "HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ["HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ["HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ["RTSP/1.0", "RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ["ICE/1.0", "ICE/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ["RTSP behind an interim answer", "HTTP/1.1 103 A\r\n\r\nRTSP/1.0 200 OK\r\n\r\n"],
    ["no status line", "hello\r\n"],
    ["a status below 100", "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"],
    ["a bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"],
    ["a bare LF behind a header", "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n"],
    ["a NUL in a header", "HTTP/1.1 200 OK\r\nA: \0\r\nContent-Length: 0\r\n\r\n"],
    ["a folded header", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n"],
    ["a blank before the colon", "HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 0\r\n\r\n"],
    [
      "content-length and transfer-encoding",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
    ],
    ["two content-lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
    ["a negative content-length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
    ["a bad chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
    ["a chunk longer than it says", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"]
  ])("is refused as InvalidHttp: %s", async (_, answer) => {
    const { closes, recorder } = await exchange(answer)
    expect(recorder.failure).toMatchObject({ kind: "Protocol", reason: "InvalidHttp" })
    expect(recorder.calls.endsWith("f")).toBe(true)
    expect(closes).toEqual(["poisoned"])
  })

  it.each([
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n\r\n"
  ])("is refused as UnexpectedUpgrade: %j", async (answer) => {
    const { closes, recorder } = await exchange(answer)
    expect(recorder.failure).toMatchObject({ kind: "Protocol", reason: "UnexpectedUpgrade" })
    expect(recorder.calls).toBe("f")
    expect(closes).toEqual(["poisoned"])
  })

  it("says what was wrong in words, without the peer's bytes", async () => {
    const { recorder } = await exchange("HTTP/1.1 200 OK\r\nContent-Length: secret\r\n\r\n")
    expect(recorder.failure).toMatchObject({ description: "Invalid character in Content-Length" })
  })
})

describe("an answer that ends too early", () => {
  it.each([
    ["before the first byte", "", ""],
    ["in the head", "HTTP/1.1 200 OK\r\nConte", ""],
    ["in a body with a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "hb"],
    ["in a chunked body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "hb"],
    ["before the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "hb"],
    ["behind an interim answer", "HTTP/1.1 103 Early Hints\r\n\r\n", ""]
  ])("is lost, closed: %s", async (_, answer, calls) => {
    const { closes, connection, recorder, wire } = await exchange(answer)
    wire.fin()
    await recorder.done
    expect(recorder.calls).toBe(`${calls}f`)
    expect(recorder.failure).toEqual({ kind: "Lost", reason: "closed" })
    expect(connection.progress).toBe(answer === "" ? "maybe-sent" : "response-started")
    expect(closes).toEqual(["closed"])
  })

  it("by a reset is lost even where the connection's close is its end", async () => {
    const { closes, recorder, wire } = await exchange("HTTP/1.0 200 OK\r\n\r\nab")
    const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })
    wire.destroy(cause)
    await recorder.done
    expect(recorder.failure).toEqual({ kind: "Lost", reason: "reset", cause })
    expect(closes).toEqual(["closed"])
  })
})

describe("C11 the bytes outside a body", () => {
  const head = (size: number) => {
    const start = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: "
    return `${start}${"x".repeat(size - start.length - 4)}\r\n\r\n`
  }

  it("may be exactly maxHeaderSize", async () => {
    const { recorder } = await exchange(`${head(300)}ok`, {}, 300)
    expect(recorder.calls).toBe("hbe")
  })

  it.each([1, 7, 300])("overflow one byte later, however they are cut: pieces of %i", async (size) => {
    const { closes, connection, wire } = await open(300)
    const recorder = new Recorder()
    connection.send(request(), recorder)
    const answer = `${head(301)}ok`
    for (let i = 0; i < answer.length && recorder.failure === undefined; i += size) {
      wire.arrive(answer.slice(i, i + size))
    }
    expect(recorder.failure).toMatchObject({ kind: "Protocol", reason: "HeaderOverflow" })
    expect(recorder.calls).toBe("f")
    expect(closes).toEqual(["poisoned"])
  })

  it("count in a long status line, blanks behind a value and empty lines in front too", async () => {
    for (const start of [`HTTP/1.1 200 ${"O".repeat(400)}`, `HTTP/1.1 200 OK\r\nA: b${" ".repeat(400)}`]) {
      const { recorder } = await exchange(`${start}\r\nContent-Length: 0\r\n\r\n`, {}, 300)
      expect(recorder.failure).toMatchObject({ reason: "HeaderOverflow" })
    }
    const { recorder } = await exchange("\r\n".repeat(200), {}, 300)
    expect(recorder.failure).toMatchObject({ reason: "HeaderOverflow" })
  })

  const flood = async (start: string, again: string) => {
    const { connection, wire } = await open(1000)
    const recorder = new Recorder()
    connection.send(request(), recorder)
    wire.arrive(start)
    let sent = 0
    while (recorder.failure === undefined && sent < 100_000) {
      wire.arrive(again)
      sent += again.length
    }
    return { recorder, sent }
  }
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

  it.each([
    ["interim answers", "", "HTTP/1.1 103 Early Hints\r\n\r\n"],
    ["one chunk extension without an end", `${chunked}1;`, "a"],
    ["one chunk extension without an end, later", `${chunked}1\r\na\r\n1;`, "a"],
    ["chunk extensions", chunked, "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\na\r\n"],
    ["short chunk extensions", chunked, "1;a\r\na\r\n"],
    ["zeros in front of a chunk's size", `${chunked}1\r\na\r\n`, "0"],
    ["trailers", `${chunked}0\r\n`, "A: b\r\n"],
    ["trailers behind a body", `${chunked}1\r\na\r\n0\r\n`, "A: b\r\n"],
    ["one trailer without an end", `${chunked}1\r\na\r\n0\r\nA: `, "b"]
  ])("end a flood of %s", async (_, start, again) => {
    const { recorder, sent } = await flood(start, again)
    expect(recorder.failure).toMatchObject({ kind: "Protocol", reason: "HeaderOverflow" })
    expect(sent).toBeLessThan(20_000)
  })

  it("do not end a long body for the size lines of its many chunks", async () => {
    const { recorder, sent } = await flood(chunked, "1\r\na\r\n")
    expect(recorder.failure).toBeUndefined()
    expect(sent).toBe(100_002)
  })

  it("do not end it either when the size lines are cut everywhere", async () => {
    const { connection, wire } = await open(100)
    const recorder = new Recorder()
    connection.send(request(), recorder)
    for (const byte of `${chunked}${"a\r\n0123456789\r\n".repeat(50)}0\r\n\r\n`) wire.arrive(byte)
    expect(recorder.end?.reusable).toBe(true)
  })
})

describe("C5 an idle connection", () => {
  const idle = async () => {
    const answered = await exchange(ok)
    await nextTurn()
    return answered
  }

  it("that received bytes is closed at once", async () => {
    const { closes, recorder, wire } = await idle()
    wire.arrive("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
    expect(closes).toEqual(["poisoned"])
    expect(wire.destroyed).toBe(true)
    expect(recorder.calls).toBe("hbe")
  })

  it("that received FIN is closed at once", async () => {
    const { closes, wire } = await idle()
    wire.fin()
    await nextTurn()
    expect(closes).toEqual(["closed"])
  })

  it("that was reset is closed at once", async () => {
    const { closes, wire } = await idle()
    wire.destroy(new Error("read ECONNRESET"))
    await nextTurn()
    expect(closes).toEqual(["closed"])
  })

  it("that never had an exchange is no different", async () => {
    const { closes, wire } = await open()
    wire.arrive("x")
    expect(closes).toEqual(["poisoned"])
  })

  it("whose answer ended in this turn of the loop is usable without a check", async () => {
    const { connection } = await exchange(ok)
    const checks: Array<boolean> = []
    connection.checkIdle((usable) => checks.push(usable))
    expect(checks).toEqual([true])
  })

  it("whose answer ended in an earlier turn is usable after two turns of immediates", async () => {
    const { connection } = await idle()
    const checks: Array<boolean> = []
    connection.checkIdle((usable) => checks.push(usable))
    await Promise.resolve()
    expect(checks).toEqual([])
    await nextTurn()
    expect(checks).toEqual([])
    await nextTurn()
    expect(checks).toEqual([true])
  })

  it("that closes during its check is not usable", async () => {
    const { closes, connection, wire } = await idle()
    const checks: Array<boolean> = []
    connection.checkIdle((usable) => checks.push(usable))
    wire.arrive("x")
    expect(checks).toEqual([false])
    expect(closes).toEqual(["poisoned"])
    await nextTurn()
    await nextTurn()
    expect(checks).toEqual([false])
  })

  it("that has closed is not usable", async () => {
    const { connection, wire } = await idle()
    wire.arrive("x")
    const checks: Array<boolean> = []
    connection.checkIdle((usable) => checks.push(usable))
    expect(checks).toEqual([false])
  })

  it("that the pool closes during its check says no more", async () => {
    const { connection } = await idle()
    const checks: Array<boolean> = []
    connection.checkIdle((usable) => checks.push(usable))
    connection.close()
    await nextTurn()
    await nextTurn()
    await nextTurn()
    expect(checks).toEqual([])
  })

  it("that the pool closes as it is told of the peer's close says no more", async () => {
    const wire = new Wire()
    const connection = new Http1Connection(wire, 1000, undefined)
    connection.onClose(() => connection.close())
    await nextTurn()
    const checks: Array<boolean> = []
    connection.checkIdle((usable) => checks.push(usable))
    wire.arrive("x")
    expect(checks).toEqual([])
  })
})

describe("close", () => {
  it("tells onClose once, and the observer nothing", async () => {
    const { closes, connection, recorder, wire } = await exchange("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
    connection.close()
    connection.close()
    expect(closes).toEqual(["local"])
    expect(wire.destroyed).toBe(true)
    await nextTurn()
    expect(closes).toEqual(["local"])
    expect(recorder.calls).toBe("hb")
  })

  it.each(["onHeadDo", "onBodyDo"] as const)("inside %s ends the exchange there", async (moment) => {
    const { closes, connection, wire } = await open()
    const recorder = new Recorder()
    recorder[moment] = () => connection.close()
    connection.send(request(), recorder)
    wire.arrive(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n`)
    expect(recorder.calls).toBe(moment === "onHeadDo" ? "h" : "hb")
    expect(closes).toEqual(["local"])
  })

  it("inside onEnd is the only close", async () => {
    const { closes, connection, wire } = await open()
    const recorder = new Recorder()
    recorder.onEndDo = () => connection.close()
    connection.send(request(), recorder)
    wire.arrive(`${ok}extra`)
    expect(closes).toEqual(["local"])
  })

  it("is told at once to who asks after it", async () => {
    const wire = new Wire()
    const connection = new Http1Connection(wire, 1000, undefined)
    connection.close()
    const closes: Array<CloseCause> = []
    connection.onClose((cause) => closes.push(cause))
    expect(closes).toEqual(["local"])
  })

  it("makes write and endBody do nothing", async () => {
    const { connection, wire } = await open()
    connection.send(request({ method: "POST", body: { contentLength: undefined } }), new Recorder())
    connection.close()
    const { written } = wire
    expect(connection.write(Buffer.from("x"))).toBe(true)
    connection.endBody()
    expect(wire.written).toBe(written)
  })
})

describe("pause", () => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"

  it.each(
    [
      ["onHead", "onHeadDo", ["h", "hb", "hbb"]],
      ["onBody", "onBodyDo", ["hb", "hbb"]]
    ] as const
  )("inside %s stops every further call, and resume goes on", async (_, moment, steps) => {
    const { connection, wire } = await open()
    const recorder = new Recorder()
    recorder.onHeadDo = moment === "onHeadDo" ? () => connection.pause() : undefined
    recorder.onBodyDo = () => connection.pause()
    connection.send(request(), recorder)
    wire.arrive(chunked)
    for (const calls of steps) {
      expect(recorder.calls).toBe(calls)
      await nextTurn()
      expect(recorder.calls).toBe(calls)
      connection.resume()
      expect(recorder.calls).toBe(calls)
      await nextTurn()
    }
    expect(recorder.calls).toBe("hbbe")
    expect(recorder.body).toBe("ab")
    expect(recorder.end?.reusable).toBe(true)
    const second = new Recorder()
    connection.send(request(), second)
    wire.arrive(ok)
    await nextTurn()
    expect(second.calls).toBe("hbe")
  })

  it("inside the onHead of an answer without a body holds its end back", async () => {
    const { connection, wire } = await open()
    const recorder = new Recorder()
    recorder.onHeadDo = () => connection.pause()
    connection.send(request({ method: "HEAD" }), recorder)
    wire.arrive("HTTP/1.1 200 OK\r\n\r\n")
    await nextTurn()
    expect(recorder.calls).toBe("h")
    connection.resume()
    await nextTurn()
    expect(recorder.calls).toBe("he")
    expect(recorder.end?.reusable).toBe(true)
  })

  it("does not hide bytes behind the end of an answer", async () => {
    const { connection, wire } = await open()
    const recorder = new Recorder()
    recorder.onBodyDo = () => connection.pause()
    connection.send(request(), recorder)
    wire.arrive(ok)
    wire.arrive("more")
    connection.resume()
    await nextTurn()
    expect(recorder.calls).toBe("hbe")
    expect(recorder.end?.reusable).toBe(false)
  })

  it("keeps what was read when FIN follows", async () => {
    const { connection, wire } = await open()
    const recorder = new Recorder()
    recorder.onBodyDo = () => connection.pause()
    connection.send(request(), recorder)
    wire.arrive("HTTP/1.0 200 OK\r\n\r\na")
    wire.arrive("b")
    wire.fin()
    await nextTurn()
    expect(recorder.calls).toBe("hb")
    recorder.onBodyDo = undefined
    connection.resume()
    await recorder.done
    expect(recorder.calls).toBe("hbbe")
    expect(recorder.body).toBe("ab")
  })

  it("keeps what was read when a reset follows", async () => {
    const { closes, connection, wire } = await open()
    const recorder = new Recorder()
    recorder.onBodyDo = () => connection.pause()
    connection.send(request(), recorder)
    wire.arrive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n")
    wire.arrive("1\r\nc\r\n")
    wire.destroy(new Error("reset"))
    await nextTurn()
    expect(recorder.calls).toBe("hb")
    for (const calls of ["hbb", "hbbb", "hbbbf"]) {
      connection.resume()
      await nextTurn()
      expect(recorder.calls).toBe(calls)
    }
    expect(recorder.body).toBe("abc")
    expect(recorder.failure).toMatchObject({ kind: "Lost", reason: "reset" })
    expect(closes).toEqual(["closed"])
  })

  it("between two pieces keeps what the socket has read meanwhile when a reset follows", async () => {
    const { connection, recorder, wire } = await exchange("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
    connection.pause()
    wire.arrive("cd")
    wire.destroy(new Error("reset"))
    await nextTurn()
    expect(recorder.calls).toBe("hb")
    connection.resume()
    await recorder.done
    expect(recorder.calls).toBe("hbbf")
    expect(recorder.body).toBe("abcd")
  })

  it("does not lose a whole answer to a reset behind it", async () => {
    const { closes, connection, wire } = await open()
    const recorder = new Recorder()
    recorder.onBodyDo = () => connection.pause()
    connection.send(request(), recorder)
    wire.arrive(ok)
    wire.destroy(new Error("reset"))
    await nextTurn()
    connection.resume()
    await nextTurn()
    expect(recorder.calls).toBe("hbe")
    expect(recorder.end?.reusable).toBe(false)
    expect(closes.length).toBe(1)
  })

  it("with nothing in hand lets a reset through at once", async () => {
    const { connection, recorder, wire } = await exchange("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
    connection.pause()
    wire.destroy(new Error("reset"))
    await recorder.done
    expect(recorder.calls).toBe("hbf")
  })
})

describe("a streamed request body", () => {
  const post = { method: "POST", body: { contentLength: undefined } } as const
  const bytes = (text: string) => Buffer.from(text)

  it("is framed in chunks, an empty piece in none", async () => {
    const { connection, wire } = await open()
    connection.send(request(post), new Recorder())
    expect(connection.write(bytes("hello world, hello"))).toBe(true)
    expect(connection.write(bytes(""))).toBe(true)
    connection.write(bytes("!"))
    connection.endBody()
    expect(wire.written).toBe(
      "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n" +
        "12\r\nhello world, hello\r\n1\r\n!\r\n0\r\n\r\n"
    )
  })

  it("of a declared length is sent as it is, and never more or less of it", async () => {
    const { connection, wire } = await open()
    connection.send(request({ method: "PUT", body: { contentLength: 3 } }), new Recorder())
    connection.write(bytes("ab"))
    expect(() => connection.endBody()).toThrow("shorter")
    expect(() => connection.write(bytes("cd"))).toThrow("longer")
    connection.write(bytes("c"))
    connection.endBody()
    expect(() => connection.write(bytes("d"))).toThrow("complete")
    expect(wire.written).toBe("PUT / HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\n\r\nabc")
  })

  it("obeys the socket: write says false, onDrain follows", async () => {
    const { connection, wire } = await open()
    const recorder = new Recorder()
    connection.send(request(post), recorder)
    wire.stalled = true
    expect(connection.write(Buffer.alloc(200_000))).toBe(false)
    expect(recorder.drains).toBe(0)
    wire.unstall()
    await nextTurn()
    expect(recorder.drains).toBe(1)
  })

  it("C12 whose answer comes before its end leaves no reusable connection", async () => {
    const { closes, connection, wire } = await open()
    const recorder = new Recorder()
    connection.send(request(post), recorder)
    connection.write(bytes("a"))
    wire.arrive("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
    expect(recorder.calls).toBe("hbe")
    expect(recorder.end?.reusable).toBe(false)
    expect(closes).toEqual(["local"])
    expect(connection.write(bytes("b"))).toBe(true)
    connection.endBody()
  })

  it("C12 that still waits in our own buffer when the answer comes leaves none either", async () => {
    const { connection, wire } = await open()
    const recorder = new Recorder()
    wire.stalled = true
    connection.send(request({ method: "POST", body: Buffer.alloc(1_000_000) }), recorder)
    wire.arrive(ok)
    expect(recorder.end?.reusable).toBe(false)
  })
})

describe("progress", () => {
  it("is not-sent, then maybe-sent, then response-started, for each exchange", async () => {
    const { connection, wire } = await open()
    expect(connection.progress).toBe("not-sent")
    connection.send(request(), new Recorder())
    expect(connection.progress).toBe("maybe-sent")
    wire.arrive("H")
    expect(connection.progress).toBe("response-started")
    wire.arrive(ok.slice(1))
    connection.send(request(), new Recorder())
    expect(connection.progress).toBe("maybe-sent")
  })

  it("stays not-sent when the request must not be written", async () => {
    const { connection, wire } = await open()
    expect(() => connection.send(request({ headers: ["a", "b\r\nc: d"] }), new Recorder())).toThrow("header value")
    expect(connection.progress).toBe("not-sent")
    expect(wire.written).toBe("")
    const recorder = new Recorder()
    connection.send(request(), recorder)
    wire.arrive(ok)
    expect(recorder.calls).toBe("hbe")
  })
})

it.each([
  ["idle", () => {}],
  ["told to inside an answer", (recorder: Recorder, close: () => void) => void (recorder.onHeadDo = close)],
  ["told to at the end of an answer", (recorder: Recorder, close: () => void) => void (recorder.onEndDo = close)]
])("a connection closed while %s gives its parser back, once", async (_, prepare) => {
  const probe = Llhttp.alloc()
  Llhttp.free(probe)
  const { connection, wire } = await open()
  const recorder = new Recorder()
  prepare(recorder, () => connection.close())
  connection.send(request(), recorder)
  wire.arrive(`${ok}behind`)
  connection.close()
  connection.close()
  await nextTurn()
  const parsers = [Llhttp.alloc(), Llhttp.alloc()]
  expect(parsers[0]).toBe(probe)
  expect(parsers[1]).not.toBe(probe)
  parsers.forEach(Llhttp.free)
})

it("an observer that throws costs its connection, and nobody else's", async () => {
  const { closes, connection, wire } = await open()
  const other = await open()
  const recorder = new Recorder()
  recorder.onHeadDo = () => {
    throw new Error("from the observer")
  }
  connection.send(request(), recorder)
  expect(() => wire.arrive(ok)).toThrow("from the observer")
  expect(closes).toEqual(["local"])
  const second = new Recorder()
  other.connection.send(request(), second)
  other.wire.arrive(ok)
  expect(second.calls).toBe("hbe")
})

it("an answer that arrives while another is being delivered disturbs neither", async () => {
  const one = await open()
  const two = await open()
  const first = new Recorder()
  const second = new Recorder()
  one.connection.send(request(), first)
  two.connection.send(request(), second)
  first.onHeadDo = () => two.wire.arrive("HTTP/1.1 201 Created\r\nContent-Length: 5\r\nB: long enough\r\n\r\nhello")
  one.wire.arrive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n")
  expect([first.calls, first.body, second.calls, second.body]).toEqual(["hbbe", "ok!", "hbe", "hello"])
})
