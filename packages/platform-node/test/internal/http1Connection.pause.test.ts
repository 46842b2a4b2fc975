import { describe, expect, it } from "vitest"
import { Recorder, request } from "../support/recorder.js"
import { exchange, nextTurn, ok, open } from "../support/wiredConnection.js"

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

  for (const closed of [false, true]) {
    it.each([
      ["a whole answer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"],
      ["a body of known length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"],
      ["a body that ends with the connection", "HTTP/1.1 200 OK\r\n\r\nab"]
    ])(`does not lose %s to a FIN${closed ? " and a close" : ""} while its reader holds back`, async (_, answer) => {
      const { closes, connection, wire } = await open()
      const recorder = new Recorder()
      recorder.onHeadDo = recorder.onBodyDo = () => connection.pause()
      connection.send(request(), recorder)
      wire.arrive(answer)
      wire.fin()
      await nextTurn()
      if (closed) wire.destroy()
      await nextTurn()
      expect(recorder.calls).toBe("h")
      for (let i = 0; i < 3; i++) {
        connection.resume()
        await nextTurn()
      }
      expect(recorder.calls).toMatch(/^hb+e$/)
      expect(recorder.body).toBe("ab")
      expect(recorder.end?.reusable).toBe(false)
      expect(closes).toEqual(["closed"])
    })
  }

  it("tells of an answer that is cut by a FIN when all of it was read", async () => {
    const { connection, wire } = await open()
    const recorder = new Recorder()
    recorder.onBodyDo = () => connection.pause()
    connection.send(request(), recorder)
    wire.arrive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n")
    wire.fin()
    await nextTurn()
    expect(recorder.calls).toBe("hb")
    for (const calls of ["hbb", "hbbf"]) {
      connection.resume()
      await nextTurn()
      expect(recorder.calls).toBe(calls)
    }
    expect(recorder.failure).toMatchObject({ kind: "Lost", reason: "closed" })
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
