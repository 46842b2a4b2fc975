// The process that keeps the programs which are not ours: it starts them, signals them, and kills them when the chaos ends, however it
// ends. A process of ours that is suspended could not end by itself either, so it is woken up.
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { answer } from "../processes/answer.js"
import type { FromKeeper, ToKeeper } from "./keeper.js"

const kept = new Map<string, ChildProcess>()
const suspended = new Set<number>()
let directory: string | undefined

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

/** It may have ended meanwhile. */
const send = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    return
  }
}

const start = (name: string, command: string, args: ReadonlyArray<string>): Promise<boolean> =>
  new Promise((resolve) => {
    // A process group of its own, so that its workers can be killed with it.
    const child = spawn(command, args, { detached: true, stdio: "ignore" })
    child.once("error", () => resolve(false))
    child.once("spawn", () => {
      kept.set(name, child)
      resolve(true)
    })
  })

const signal = (name: string, what: NodeJS.Signals, group: boolean): void => {
  const child = kept.get(name)
  if (child?.pid !== undefined && !hasEnded(child)) send(group ? -child.pid : child.pid, what)
}

const ended = (name: string, within: number): Promise<boolean> =>
  new Promise((resolve) => {
    const child = kept.get(name)
    if (child === undefined || hasEnded(child)) return resolve(true)
    const timer = setTimeout(() => resolve(false), within)
    child.once("exit", () => {
      clearTimeout(timer)
      resolve(true)
    })
  })

process.on("SIGTERM", () => process.exit())
process.on("exit", () => {
  for (const pid of suspended) send(pid, "SIGCONT")
  // The workers of one that has ended may be there still.
  for (const { pid } of kept.values()) if (pid !== undefined) send(-pid, "SIGKILL")
  if (directory !== undefined) fs.rmSync(directory, { recursive: true, force: true })
})

await answer<ToKeeper, FromKeeper>(async () => (question) => {
  switch (question.type) {
    case "directory":
      directory = question.path
      return true
    case "start":
      return start(question.name, question.command, question.args)
    case "signal":
      signal(question.name, question.signal, question.group)
      return true
    case "ended":
      return ended(question.name, question.within)
    case "suspend":
      suspended.add(question.pid)
      send(question.pid, "SIGSTOP")
      return true
    case "resume":
      suspended.delete(question.pid)
      send(question.pid, "SIGCONT")
      return true
  }
})
