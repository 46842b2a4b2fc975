// The lines of a request's head: those that requests repeat, and those that are new each time.
import { bench, describe } from "vitest"
import { headerLine, requestLine } from "../../src/internal/requestLines.js"

let next = 0

describe("a line of a request's head", () => {
  bench("the request line, again", () => {
    requestLine("POST", "/rpc", "server.test")
  })
  bench("the request line, another target each time", () => {
    requestLine("POST", `/rpc/${next++}`, "server.test")
  })
  bench("a header, again", () => {
    headerLine("content-type", "application/json")
  })
  bench("a header, another value each time", () => {
    headerLine("x-request-id", `${next++}`)
  })
})
