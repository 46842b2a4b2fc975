/** One raw answer; what is sent ends with a FIN where the answer has not ended before. */
export interface Answer {
  readonly name: string
  readonly bytes: string
  readonly method?: string
}

/** What both clients of the differential test allow outside a body. */
export const maxHeaderSize = 400

const ok = "HTTP/1.1 200 OK\r\n"
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`

const good: ReadonlyArray<Answer> = [
  { name: "content-length", bytes: `${ok}Content-Length: 2\r\n\r\nok` },
  { name: "content-length 0", bytes: `${ok}Content-Length: 0\r\n\r\n` },
  { name: "content-length with blanks", bytes: `${ok}Content-Length: \t 2 \t\r\n\r\nok` },
  { name: "content-length with zeros in front", bytes: `${ok}Content-Length: 0002\r\n\r\nok` },
  { name: "names in any case", bytes: `${ok}cOnTeNt-LeNgTh: 2\r\n\r\nok` },
  {
    name: "many headers",
    bytes: `${ok}A: 1\r\nB:2\r\nC:  3\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 1\r\n\r\nx`
  },
  { name: "empty header value", bytes: `${ok}A:\r\nB: \r\nContent-Length: 1\r\n\r\nx` },
  { name: "header value with trailing blanks", bytes: `${ok}A: b \t\r\nContent-Length: 1\r\n\r\nx` },
  { name: "header value in latin1", bytes: `${ok}A: \xe4\xff\r\nContent-Length: 1\r\n\r\nx` },
  { name: "header value with a tab", bytes: `${ok}A: b\tc\r\nContent-Length: 1\r\n\r\nx` },
  { name: "no reason phrase", bytes: "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx" },
  { name: "no reason phrase and no blank", bytes: "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx" },
  { name: "a long reason phrase", bytes: "HTTP/1.1 200 All of it is well \xe4\r\nContent-Length: 1\r\n\r\nx" },
  { name: "status 999", bytes: "HTTP/1.1 999 Odd\r\nContent-Length: 1\r\n\r\nx" },
  { name: "404 with a body", bytes: "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx" },
  { name: "205 with a body", bytes: "HTTP/1.1 205 Reset\r\nContent-Length: 1\r\n\r\nx" },
  { name: "binary body", bytes: `${ok}Content-Length: 4\r\n\r\n\0\r\n\xff` },
  { name: "chunked", bytes: `${chunked}2\r\nok\r\n0\r\n\r\n` },
  { name: "chunked, several", bytes: `${chunked}1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n` },
  { name: "chunked, empty", bytes: `${chunked}0\r\n\r\n` },
  { name: "chunked, extensions", bytes: `${chunked}1;a\r\nx\r\n2;b=c;d="e f"\r\nyz\r\n0;g\r\n\r\n` },
  { name: "chunked, trailers", bytes: `${chunked}1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n` },
  { name: "chunked, zeros in front of the size", bytes: `${chunked}0001\r\nx\r\n000\r\n\r\n` },
  { name: "chunked in capitals", bytes: `${ok}Transfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n` },
  { name: "gzip, chunked", bytes: `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n` },
  { name: "transfer-encoding without chunked", bytes: `${ok}Transfer-Encoding: gzip\r\n\r\nx` },
  { name: "chunked, then gzip", bytes: `${ok}Transfer-Encoding: chunked, gzip\r\n\r\nx` },
  { name: "delimited by close", bytes: `${ok}A: b\r\n\r\nuntil the end` },
  { name: "delimited by close, said so", bytes: `${ok}Connection: close\r\n\r\nuntil the end` },
  { name: "delimited by close, empty", bytes: `${ok}Connection: close\r\n\r\n` },
  { name: "connection: close", bytes: `${ok}Connection: close\r\nContent-Length: 2\r\n\r\nok` },
  { name: "connection: Close among others", bytes: `${ok}Connection: a, Close, b\r\nContent-Length: 2\r\n\r\nok` },
  {
    name: "connection: close, chunked",
    bytes: `${ok}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`
  },
  { name: "keep-alive with a time", bytes: `${ok}Keep-Alive: timeout=5, max=10\r\nContent-Length: 2\r\n\r\nok` },
  { name: "HTTP/1.0", bytes: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok" },
  { name: "HTTP/1.0, keep-alive", bytes: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok" },
  { name: "HTTP/1.0, delimited by close", bytes: "HTTP/1.0 200 OK\r\n\r\nok" },
  {
    name: "HTTP/1.0, keep-alive and close",
    bytes: "HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 0\r\n\r\n"
  },
  {
    name: "HTTP/1.0, keep-alive and chunked",
    bytes: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
  },
  { name: "empty lines in front", bytes: `\r\n\r\n${ok}Content-Length: 1\r\n\r\nx` },
  { name: "204", bytes: "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n" },
  { name: "204 with a content-length", bytes: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n" },
  { name: "304", bytes: "HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\n" },
  { name: "304 with a content-length", bytes: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n" },
  { name: "304, chunked", bytes: "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n" },
  { name: "HEAD", method: "HEAD", bytes: `${ok}Content-Length: 5\r\n\r\n` },
  { name: "HEAD without a length", method: "HEAD", bytes: `${ok}A: b\r\n\r\n` },
  { name: "HEAD, keep-alive", method: "HEAD", bytes: `${ok}Connection: keep-alive\r\n\r\n` },
  { name: "HEAD, chunked", method: "HEAD", bytes: `${ok}Transfer-Encoding: chunked\r\n\r\n` },
  { name: "HEAD, close", method: "HEAD", bytes: `${ok}Connection: close\r\nContent-Length: 5\r\n\r\n` },
  { name: "103 in front", bytes: `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${ok}Content-Length: 1\r\n\r\nx` },
  {
    name: "102 twice in front",
    bytes: `${"HTTP/1.1 102 Processing\r\n\r\n".repeat(2)}${ok}Content-Length: 1\r\n\r\nx`
  },
  { name: "100 in front", bytes: `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 1\r\n\r\nx` },
  {
    name: "an upgrade that is only offered",
    bytes: `${ok}Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx`
  }
]

const bad: ReadonlyArray<Answer> = [
  { name: "nothing", bytes: "" },
  { name: "no HTTP", bytes: "SSH-2.0-OpenSSH_9.6\r\n" },
  { name: "a page without a head", bytes: "<html></html>\r\n\r\n" },
  { name: "a request", bytes: "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
  { name: "HTTP/0.9", bytes: "HTTP/0.9 200 OK\r\nContent-Length: 1\r\n\r\nx" },
  { name: "HTTP/2.0", bytes: "HTTP/2.0 200 OK\r\nContent-Length: 1\r\n\r\nx" },
  { name: "HTTP/1.2", bytes: "HTTP/1.2 200 OK\r\nContent-Length: 1\r\n\r\nx" },
  { name: "HTTP/11.1", bytes: "HTTP/11.1 200 OK\r\nContent-Length: 1\r\n\r\nx" },
  { name: "http/1.1", bytes: "http/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx" },
  { name: "RTSP/1.0", bytes: "RTSP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx" },
  { name: "ICE/1.0", bytes: "ICE/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx" },
  { name: "status 99", bytes: "HTTP/1.1 99 OK\r\nContent-Length: 1\r\n\r\nx" },
  { name: "status 099", bytes: "HTTP/1.1 099 OK\r\nContent-Length: 1\r\n\r\nx" },
  { name: "status 2000", bytes: "HTTP/1.1 2000 OK\r\nContent-Length: 1\r\n\r\nx" },
  { name: "status in letters", bytes: "HTTP/1.1 2xx OK\r\nContent-Length: 1\r\n\r\nx" },
  { name: "bare LF everywhere", bytes: "HTTP/1.1 200 OK\nContent-Length: 1\n\nx" },
  { name: "bare LF behind the status line", bytes: "HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\nx" },
  { name: "bare LF behind a header", bytes: `${ok}A: b\nContent-Length: 1\r\n\r\nx` },
  { name: "bare LF at the end of the head", bytes: `${ok}Content-Length: 1\r\n\nx` },
  { name: "bare CR in a header", bytes: `${ok}A: b\rC: d\r\nContent-Length: 1\r\n\r\nx` },
  { name: "NUL in a header value", bytes: `${ok}A: b\0c\r\nContent-Length: 1\r\n\r\nx` },
  { name: "NUL in a header name", bytes: `${ok}A\0: b\r\nContent-Length: 1\r\n\r\nx` },
  { name: "control character in a header value", bytes: `${ok}A: b\x07c\r\nContent-Length: 1\r\n\r\nx` },
  { name: "folded header", bytes: `${ok}A: b\r\n c\r\nContent-Length: 1\r\n\r\nx` },
  { name: "header without a colon", bytes: `${ok}A\r\nContent-Length: 1\r\n\r\nx` },
  { name: "header without a name", bytes: `${ok}: b\r\nContent-Length: 1\r\n\r\nx` },
  { name: "blank before a colon", bytes: `${ok}A : b\r\nContent-Length: 1\r\n\r\nx` },
  { name: "blank before the first header", bytes: `${ok} A: b\r\nContent-Length: 1\r\n\r\nx` },
  { name: "name in latin1", bytes: `${ok}\xe4: b\r\nContent-Length: 1\r\n\r\nx` },
  { name: "two content-lengths that differ", bytes: `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy` },
  { name: "two content-lengths that are equal", bytes: `${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx` },
  { name: "a list of content-lengths", bytes: `${ok}Content-Length: 1, 1\r\n\r\nx` },
  { name: "a negative content-length", bytes: `${ok}Content-Length: -1\r\n\r\nx` },
  { name: "a signed content-length", bytes: `${ok}Content-Length: +1\r\n\r\nx` },
  { name: "a content-length in hexadecimal", bytes: `${ok}Content-Length: 0x1\r\n\r\nx` },
  { name: "an empty content-length", bytes: `${ok}Content-Length:\r\n\r\nx` },
  { name: "a content-length beyond 64 bits", bytes: `${ok}Content-Length: 99999999999999999999\r\n\r\nx` },
  {
    name: "content-length, then transfer-encoding",
    bytes: `${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`
  },
  {
    name: "transfer-encoding, then content-length",
    bytes: `${ok}Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n`
  },
  {
    name: "transfer-encoding: chunked twice",
    bytes: `${ok}Transfer-Encoding: chunked, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`
  },
  { name: "chunked with a tab behind it", bytes: `${ok}Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n` },
  { name: "chunked with an empty element behind it", bytes: `${ok}Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n` },
  { name: "a bad chunk size", bytes: `${chunked}x\r\n` },
  { name: "a chunk size with a blank", bytes: `${chunked}1 \r\nx\r\n0\r\n\r\n` },
  { name: "an empty chunk size", bytes: `${chunked}\r\nx\r\n0\r\n\r\n` },
  { name: "a signed chunk size", bytes: `${chunked}+1\r\nx\r\n0\r\n\r\n` },
  { name: "a chunk size beyond 64 bits", bytes: `${chunked}FFFFFFFFFFFFFFFFF\r\nx` },
  { name: "a chunk size with a bare LF", bytes: `${chunked}1\nx\r\n0\r\n\r\n` },
  { name: "a chunk longer than it says", bytes: `${chunked}1\r\nxy\r\n0\r\n\r\n` },
  { name: "a chunk without CR LF", bytes: `${chunked}1\r\nx0\r\n\r\n` },
  { name: "a chunk extension with a NUL", bytes: `${chunked}1;a\0\r\nx\r\n0\r\n\r\n` },
  { name: "a chunk extension with a bare CR", bytes: `${chunked}1;a\rb\r\nx\r\n0\r\n\r\n` },
  { name: "a bad trailer", bytes: `${chunked}0\r\nA b\r\n\r\n` },
  { name: "a content-length as trailer", bytes: `${chunked}1\r\nx\r\n0\r\nContent-Length: 9\r\n\r\n` },
  { name: "101", bytes: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\nraw" },
  { name: "101 without an upgrade", bytes: `HTTP/1.1 101 Switching Protocols\r\n\r\n${ok}Content-Length: 1\r\n\r\nx` },
  { name: "cut in the status line", bytes: "HTTP/1.1 20" },
  { name: "cut in a header", bytes: `${ok}Content-Le` },
  { name: "cut before the end of the head", bytes: `${ok}Content-Length: 1\r\n` },
  { name: "cut in a body", bytes: `${ok}Content-Length: 5\r\n\r\nxy` },
  { name: "cut in a body of a closing connection", bytes: `${ok}Connection: close\r\nContent-Length: 5\r\n\r\nxy` },
  { name: "cut in a chunk", bytes: `${chunked}5\r\nxy` },
  { name: "cut in a chunk size", bytes: `${chunked}1\r\nx\r\n1` },
  { name: "cut before the last chunk", bytes: `${chunked}1\r\nx\r\n` },
  { name: "cut in the trailers", bytes: `${chunked}1\r\nx\r\n0\r\nA: b\r\n` },
  { name: "cut behind an interim answer", bytes: "HTTP/1.1 103 Early Hints\r\n\r\n" },
  { name: "bytes behind a body", bytes: `${ok}Content-Length: 1\r\n\r\nxyz` },
  { name: "an answer behind the answer", bytes: `${ok}Content-Length: 1\r\n\r\nx`.repeat(2) },
  { name: "an answer behind the last", bytes: `${ok}Connection: close\r\nContent-Length: 1\r\n\r\nx`.repeat(2) },
  { name: "a body behind a 204", bytes: "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nxy" },
  { name: "a body behind an answer to HEAD", method: "HEAD", bytes: `${ok}Content-Length: 2\r\n\r\nxy` },
  { name: "empty lines behind a body", bytes: `${ok}Content-Length: 1\r\n\r\nx\r\n\r\n` },
  { name: "a header that is too long", bytes: `${ok}A: ${"x".repeat(500)}\r\nContent-Length: 0\r\n\r\n` },
  { name: "a reason phrase that is too long", bytes: `HTTP/1.1 200 ${"x".repeat(500)}\r\nContent-Length: 0\r\n\r\n` },
  {
    name: "a flood of interim answers",
    bytes: `${"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(20)}${ok}Content-Length: 0\r\n\r\n`
  },
  { name: "a flood of chunk extensions", bytes: `${chunked}${"1;aaaaaaaaaa\r\nx\r\n".repeat(40)}0\r\n\r\n` },
  { name: "a chunk extension that is too long", bytes: `${chunked}1;${"a".repeat(500)}\r\nx\r\n0\r\n\r\n` },
  { name: "a flood of trailers", bytes: `${chunked}0\r\n${"A: b\r\n".repeat(100)}\r\n` },
  { name: "blanks behind a value that are too many", bytes: `${ok}A: b${" ".repeat(500)}\r\nContent-Length: 0\r\n\r\n` }
]

export const answers: ReadonlyArray<Answer> = [...good, ...bad]
