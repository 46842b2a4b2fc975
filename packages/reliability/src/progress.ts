// How far a program is: a bar on a terminal, a line each tenth elsewhere, on stderr both.
import { Presets, SingleBar } from "cli-progress"

export interface Progress {
  /** `done` of the total, with a few words on what there is so far. */
  readonly at: (done: number, text: string) => void
  readonly end: () => void
}

const bar = (stream: NodeJS.WriteStream, total: number): Progress => {
  const single = new SingleBar({ format: "{bar} {percentage} %  {text}", stream, barsize: 32 }, Presets.shades_classic)
  single.start(total, 0, { text: "" })
  return { at: (done, text) => single.update(done, { text }), end: () => single.stop() }
}

const lines = (stream: NodeJS.WriteStream, total: number): Progress => {
  let tenths = 0
  return {
    at: (done, text) => {
      const now = Math.floor((done / total) * 10)
      if (now > tenths) stream.write(`${now * 10} %  ${text}\n`)
      tenths = Math.max(now, tenths)
    },
    end: () => {}
  }
}

export const quiet: Progress = { at: () => {}, end: () => {} }

export const make = (stream: NodeJS.WriteStream, total: number): Progress =>
  stream.isTTY && process.env["TERM"] !== "dumb" ? bar(stream, total) : lines(stream, total)
