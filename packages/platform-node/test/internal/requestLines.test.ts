import { assert, describe, it } from "@effect/vitest"
import { headerLine, requestLine } from "../../src/internal/requestLines.js"

describe("lines that requests repeat", () => {
  it("are the same again", () => {
    for (let i = 0; i < 3; i++) {
      assert.strictEqual(requestLine("POST", "/rpc", "a.test"), "POST /rpc HTTP/1.1\r\nhost: a.test\r\n")
      assert.strictEqual(headerLine("accept", "text/plain"), "accept: text/plain\r\n")
    }
  })

  it("are told apart by every part", () => {
    for (const method of ["GET", "POST"]) {
      for (const target of ["/a", "/b"]) {
        for (const authority of ["a.test", "b.test"]) {
          assert.strictEqual(
            requestLine(method, target, authority),
            `${method} ${target} HTTP/1.1\r\nhost: ${authority}\r\n`
          )
        }
      }
    }
    for (const name of ["x", "X", "x"]) {
      for (const value of ["1", "", "2", "1"]) assert.strictEqual(headerLine(name, value), `${name}: ${value}\r\n`)
    }
  })

  it("are checked however well the last with the same name or target was", () => {
    headerLine("x-known", "good")
    assert.throws(() => headerLine("x-known", "bad\r\nx: y"), /invalid header value/)
    assert.throws(() => headerLine("x-known", undefined), /invalid header value/)
    assert.throws(() => headerLine("x-never", undefined), /invalid header value/)
    assert.throws(() => headerLine("x-never", undefined), /invalid header value/)
    assert.throws(() => headerLine("bad name", "good"), /invalid header name/)
    requestLine("GET", "/known", "a.test")
    assert.throws(() => requestLine("GET ", "/known", "a.test"), /invalid method/)
    assert.throws(() => requestLine("GET", "/known", "a.test\n"), /invalid authority/)
    assert.throws(() => requestLine("GET", "/known x", "a.test"), /invalid target/)
    // What was refused is not what comes next.
    assert.strictEqual(headerLine("x-known", "good"), "x-known: good\r\n")
    assert.strictEqual(requestLine("GET", "/known", "a.test"), "GET /known HTTP/1.1\r\nhost: a.test\r\n")
  })

  it("are right also when there are more of them than are remembered, or longer ones", () => {
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 1_200; i++) {
        assert.strictEqual(headerLine(`x-${i}`, `${i}`), `x-${i}: ${i}\r\n`)
        assert.strictEqual(requestLine("GET", `/${i}`, "a.test"), `GET /${i} HTTP/1.1\r\nhost: a.test\r\n`)
      }
    }
    const long = "l".repeat(5_000)
    for (let i = 0; i < 2; i++) {
      assert.strictEqual(headerLine(long, long), `${long}: ${long}\r\n`)
      assert.strictEqual(requestLine("GET", `/${long}`, "a.test"), `GET /${long} HTTP/1.1\r\nhost: a.test\r\n`)
    }
  })
})
