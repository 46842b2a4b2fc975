// A process of ours that answers questions, one after another. It ends when this one does, however this one ends.
import { fork } from "node:child_process"
import { once } from "node:events"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { BrokenRun } from "../brokenRun.js"
import type { Role } from "../cores.js"
import { on } from "../cores.js"

export interface Child<Question, Answer> {
  readonly pid: number
  readonly ask: (question: Question) => Promise<Answer>
  readonly close: () => Promise<void>
}

/** What a child sends: first that it is ready, then an answer to each question. */
export type Reply = { readonly value: unknown } | { readonly failure: string }

/** A sibling of this very file: compiled when this is, and TypeScript when tests run this through tsx. */
const sibling = (name: string): string => {
  const self = fileURLToPath(import.meta.url)
  return path.join(path.dirname(self), `${name}${path.extname(self)}`)
}

/** Starts `<name>.js` of this directory; resolves when it is ready. */
export const start = async <Question, Answer>(
  name: string,
  role: Role,
  args: ReadonlyArray<string> = []
): Promise<Child<Question, Answer>> => {
  const [execPath, execArgv] = on(role, process.execPath, process.execArgv)
  const child = fork(sibling(name), args, {
    execPath,
    execArgv,
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
  const reply = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const forget = (): void => {
        child.off("message", onMessage)
        child.off("exit", onExit)
        child.off("error", onExit)
      }
      const onMessage = (message: unknown): void => {
        forget()
        const answer = message as Reply
        if ("value" in answer) resolve(answer.value)
        else reject(new BrokenRun(answer.failure))
      }
      const onExit = (why: unknown): void => {
        forget()
        reject(new BrokenRun(`the process of the ${name} ended: ${why ?? "it was killed"}`))
      }
      child.on("message", onMessage)
      child.on("exit", onExit)
      child.on("error", onExit)
      if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode)
    })
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, "exit")
    const timer = setTimeout(() => child.kill("SIGKILL"), 2_000)
    if (child.connected) child.disconnect()
    await exit
    clearTimeout(timer)
  }
  try {
    await reply()
  } catch (error) {
    await close()
    throw error
  }
  const ask = (question: Question): Promise<Answer> => {
    const answer = reply()
    // When it cannot be sent, its process has ended, and `reply` says so.
    if (child.connected) child.send(question as object, () => {})
    return answer as Promise<Answer>
  }
  return { pid: child.pid ?? NaN, ask, close }
}
