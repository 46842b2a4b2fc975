import type { CloseCause } from "@connection-pool/core/Connection"
import { describe, expect, it, vi } from "vitest"
import { Http1Connection } from "../../src/internal/http1Connection.js"
import * as Llhttp from "../../src/internal/llhttp.js"
import { Recorder, request } from "../support/recorder.js"
import { Wire } from "../support/wire.js"
import { exchange, nextTurn, ok, open } from "../support/wiredConnection.js"

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
    // However busy the machine is: a turn of more than 20 ms would be taken for one that was held up.
    const clock = vi.spyOn(performance, "now").mockReturnValue(performance.now())
    try {
      const { connection } = await exchange(ok)
      const checks: Array<boolean> = []
      connection.checkIdle((usable) => checks.push(usable))
      expect(checks).toEqual([true])
    } finally {
      clock.mockRestore()
    }
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

describe("an answer that overtakes the news that its request was written", () => {
  const answerTo = async (body: string) => {
    const { closes, connection, wire } = await open()
    const recorder = new Recorder()
    wire.stalled = true
    connection.send(request({ method: "POST", body }), recorder)
    wire.arrive(ok)
    await nextTurn()
    return { closes, reusable: recorder.end?.reusable }
  }

  it("leaves the connection reusable: TLS tells a turn later", async () => {
    expect(await answerTo("x".repeat(60_000))).toEqual({ closes: [], reusable: true })
  })

  it("does not, where most of a large request is still here", async () => {
    expect(await answerTo("x".repeat(200_000))).toEqual({ closes: ["local"], reusable: false })
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
    await nextTurn()
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
    await nextTurn()
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
  await nextTurn()
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
  await nextTurn()
  first.onHeadDo = () => two.wire.arrive("HTTP/1.1 201 Created\r\nContent-Length: 5\r\nB: long enough\r\n\r\nhello")
  one.wire.arrive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n")
  expect([first.calls, first.body, second.calls, second.body]).toEqual(["hbbe", "ok!", "hbe", "hello"])
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

describe("the requests of one turn of the event loop", () => {
  const pair = async () => {
    const [first, second] = [await open(), await open()]
    await nextTurn()
    const recorders = [first, second].map(({ connection }, index) => {
      const recorder = new Recorder()
      connection.send(request({ target: `/${index}` }), recorder)
      return recorder
    })
    return { first, second, recorder: recorders[1]! }
  }

  it("leave together at its end, but for the first, which leaves at once", async () => {
    const { first, second } = await pair()
    expect(first.wire.written).toContain("GET /0 ")
    expect(second.wire.written).toBe("")
    expect([first.connection.progress, second.connection.progress]).toEqual(["maybe-sent", "not-sent"])
    await nextTurn()
    expect(second.wire.written).toContain("GET /1 ")
    expect(second.connection.progress).toBe("maybe-sent")
  })

  it("C12 what comes before a request has left is no answer to it", async () => {
    const { recorder, second } = await pair()
    second.wire.arrive(ok)
    expect(recorder.calls).toBe("f")
    expect(second.closes).toEqual(["poisoned"])
    expect(second.connection.progress).toBe("not-sent")
    await nextTurn()
    expect(second.wire.written).toBe("")
  })

  it("a request whose connection ends before it has left was not sent", async () => {
    for (const end of ["fin", "destroy"] as const) {
      const { recorder, second } = await pair()
      second.wire[end]()
      await nextTurn()
      expect(recorder.calls).toBe("f")
      expect(second.connection.progress).toBe("not-sent")
    }
  })

  it("a request that is given up before it has left is not sent", async () => {
    const { second } = await pair()
    second.connection.close()
    await nextTurn()
    expect(second.wire.written).toBe("")
    expect(second.closes).toEqual(["local"])
  })

  it("a request with a streamed body is not held, and the pieces leave behind their head", async () => {
    const [{ connection: other }, { connection, wire }] = [await open(), await open()]
    await nextTurn()
    other.send(request(), new Recorder())
    connection.send(request({ method: "POST", body: { contentLength: undefined } }), new Recorder())
    expect(connection.write(Buffer.from("abc"))).toBe(true)
    connection.endBody()
    expect(wire.written).toMatch(/^POST .*\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/s)
  })
})
