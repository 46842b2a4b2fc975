import type { CloseCause } from "@connection-pool/core/Connection"
import { Http1Connection } from "../../src/internal/http1Connection.js"
import { Recorder, request } from "./recorder.js"
import { Wire } from "./wire.js"

export const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A connection on a wire in memory, and what it says of its close. */
export const open = async (maxHeaderSize = 16 * 1024) => {
  const wire = new Wire()
  const connection = new Http1Connection(wire, maxHeaderSize, "127.0.0.1:80")
  const closes: Array<CloseCause> = []
  connection.onClose((cause) => closes.push(cause))
  await nextTurn()
  return { closes, connection, wire }
}

/** Sends a request on a new connection, to which the answer arrives at once. */
export const exchange = async (answer: string, fields: Parameters<typeof request>[0] = {}, maxHeaderSize?: number) => {
  const opened = await open(maxHeaderSize)
  const recorder = new Recorder()
  opened.connection.send(request(fields), recorder)
  opened.wire.arrive(answer)
  return { ...opened, recorder }
}

export const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
