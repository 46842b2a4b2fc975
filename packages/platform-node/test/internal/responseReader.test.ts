import { describe, expect, it } from "vitest"
import { Recorder, request } from "../support/recorder.js"
import { exchange, nextTurn, ok, open } from "../support/wiredConnection.js"

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

  it.each([2, 1024, 1025])("has a body of %i bytes that outlives the memory it came in", async (length) => {
    const { connection, wire } = await open()
    const recorder = new Recorder()
    const body = "x".repeat(length)
    const chunk = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${body}`)
    connection.send(request(), recorder)
    wire.push(chunk)
    chunk.fill(0)
    expect(recorder.body).toBe(body)
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

  it.each([
    [["timeout=5, max=0"], [false]],
    [["max=1", "max=0"], [true, false]],
    [["max=2", "", ""], [true, true, false]],
    [["max=1", "max=100", "max=99"], [true, true, true]],
    [["MAX = \"1\"", "timeout=5"], [true, false]],
    [["timeout=1", "xmax=0", "max=", "max=none"], [true, true, true, true]]
  ])("says with Keep-Alive: %j how many more the server answers: reusable %j", async (values, reusable) => {
    const { connection, wire } = await open()
    const ends: Array<boolean | undefined> = []
    for (const value of values) {
      const recorder = new Recorder()
      connection.send(request(), recorder)
      await nextTurn()
      const word = value === "" ? "" : `Keep-Alive: ${value}\r\n`
      wire.arrive(`HTTP/1.1 200 OK\r\n${word}Content-Length: 0\r\n\r\n`)
      await recorder.done
      ends.push(recorder.end?.reusable)
    }
    expect(ends).toEqual(reusable)
  })

  it("of HEAD that is the server's last, by Keep-Alive: max, leaves the connection not reusable", async () => {
    const { recorder } = await exchange("HTTP/1.1 200 OK\r\nKeep-Alive: max=0\r\n\r\n", { method: "HEAD" })
    expect(recorder.end?.reusable).toBe(false)
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
    await nextTurn()
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
    ["chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip, Chunked\r\n\r\n0\r\n\r\n"],
    [
      "chunked twice, in two headers",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
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

  it.each(["chunked\t", "chunked \t", "gzip, chunked\t ", "chunked,", "chunked , ,"])(
    "does not have the framing of its chunks in its body: Transfer-Encoding %j",
    async (coding) => {
      const { recorder } = await exchange(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n1\r\nx\r\n0\r\n\r\n`)
      expect(recorder.failure).toMatchObject({ kind: "Protocol", reason: "InvalidHttp" })
      expect(recorder.calls).toBe("f")
    }
  )

  it("to HEAD has no chunks to be read, whatever its Transfer-Encoding looks like", async () => {
    const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n"
    const { recorder } = await exchange(head, { method: "HEAD" })
    expect(recorder.calls).toBe("he")
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
