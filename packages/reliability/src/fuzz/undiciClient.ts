// The client that ours is compared with.
import { Client, type Dispatcher } from "undici"
import type { buildConnector } from "undici"
import type { FuzzCase } from "./fuzzCase.js"
import type { Reading } from "./reading.js"
import { withoutBlanks } from "./reading.js"
import { type Stage, target } from "./stage.js"

interface Answered {
  readonly error: string | undefined
  readonly status: number | undefined
  readonly headers: ReadonlyArray<string>
  readonly body: string
}

const dispatch = (
  client: Client,
  path: string,
  method: Dispatcher.HttpMethod,
  done: (answered: Answered) => void
): void => {
  let status: number | undefined
  let headers: ReadonlyArray<string> = []
  const pieces: Array<Buffer> = []
  const end = (error: string | undefined): void =>
    done({ error, status, headers, body: Buffer.concat(pieces).toString("latin1") })
  // undici's older kind of handler, the only one that is given the headers as they came
  const handler = {
    onConnect: () => {},
    onHeaders: (code: number, raw: ReadonlyArray<Buffer>) => {
      if (code < 200) return true
      status = code
      headers = withoutBlanks(raw.map((text) => text.toString("latin1")))
      return true
    },
    onData: (piece: Buffer) => {
      pieces.push(piece)
      return true
    },
    onComplete: () => end(undefined),
    onError: (error: Error) => end(`${error.name}: ${error.message}`)
  }
  client.dispatch({ path, method }, handler as unknown as Dispatcher.DispatchHandler)
}

/** Sends the fuzzed request of a case; undici is asked for no other one behind it. */
export const play = (
  origin: string,
  connect: buildConnector.connector | undefined,
  fuzzCase: FuzzCase,
  stage: Stage,
  done: (reading: Reading) => void
): { readonly stop: () => Promise<void> } => {
  const client = new Client(origin, {
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(connect === undefined ? {} : { connect })
  })
  const fuzzed = (): void =>
    dispatch(client, target.fuzzed, fuzzCase.method, (answered) => {
      const tell = (): void => done({ ...answered, accepted: answered.error === undefined, kept: stage.kept })
      if (stage.settled) tell()
      else stage.onSettled = tell
      stage.end()
    })
  if (fuzzCase.warm) dispatch(client, target.warm, "GET", () => fuzzed())
  else fuzzed()
  return { stop: () => client.destroy().catch(() => {}) }
}
