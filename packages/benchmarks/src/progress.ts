// How far it is: a bar on a terminal, plain lines elsewhere, on stderr both.
import { Presets, SingleBar } from "cli-progress"

export interface Progress {
  /** Something that is said once. */
  readonly note: (text: string) => void
  /** One more turn begins. */
  readonly turn: (text: string) => void
  readonly end: () => void
}

const bar = (stream: NodeJS.WriteStream, turns: number): Progress => {
  const single = new SingleBar({ format: "{bar} {percentage} %  {text}", stream, barsize: 32 }, Presets.shades_classic)
  let done = 0
  single.start(turns, 0, { text: "" })
  return { note: () => {}, turn: (text) => single.update(done++, { text }), end: () => single.stop() }
}

/** A line when the text changes, which it does not with each turn. */
const lines = (stream: NodeJS.WriteStream): Progress => {
  let last = ""
  const line = (text: string): void => {
    if (text !== last) stream.write(`${text}\n`)
    last = text
  }
  return { note: line, turn: line, end: () => {} }
}

export const make = (stream: NodeJS.WriteStream, quiet: boolean, turns: number): Progress => {
  if (quiet) return { note: () => {}, turn: () => {}, end: () => {} }
  return stream.isTTY && process.env["TERM"] !== "dumb" ? bar(stream, turns) : lines(stream)
}
