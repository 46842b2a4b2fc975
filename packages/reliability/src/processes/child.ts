// A process of ours that answers questions. It ends when this one does, however this one ends.
import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

export interface Child<Question, Answer> {
  readonly pid: number
  /** Rejected when the process ends before it has answered. */
  readonly ask: (question: Question) => Promise<Answer>
  readonly end: () => Promise<void>
}

/** The answer to the question with this number; 0 is asked by nobody and says whether it is ready. */
export type Reply = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly failure: string }

export interface Sent<Question> {
  readonly id: number
  readonly question: Question
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** Milliseconds that a process has to end by itself. */
const patience = 2_000

/** Starts a module; resolves when it is ready. */
export const start = async <Question, Answer>(
  module: URL,
  args: ReadonlyArray<string> = []
): Promise<Child<Question, Answer>> => {
  const child = fork(fileURLToPath(module), args, {
    // A process group of its own: a Ctrl-C in the terminal is for this process to act on.
    detached: true,
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
  const waiting = new Map<number, Waiting>()
  let asked = 0
  const reply = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      waiting.set(asked++, { resolve, reject })
      if (child.exitCode !== null || child.signalCode !== null) onEnd(child.exitCode ?? child.signalCode)
    })
  const onEnd = (why: unknown): void => {
    for (const { reject } of waiting.values()) reject(new Error(`the process of ${module.pathname} has ended: ${why}`))
    waiting.clear()
  }
  child.on("message", (message) => {
    const answer = message as Reply
    const { reject, resolve } = waiting.get(answer.id)!
    waiting.delete(answer.id)
    if ("value" in answer) resolve(answer.value)
    else reject(new Error(answer.failure))
  })
  child.on("exit", (code, signal) => onEnd(code ?? signal))
  child.on("error", onEnd)
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, "exit")
    const timer = setTimeout(() => child.kill("SIGKILL"), patience)
    if (child.connected) child.disconnect()
    await exit
    clearTimeout(timer)
  }
  try {
    await reply()
  } catch (error) {
    await end()
    throw error
  }
  const ask = (question: Question): Promise<Answer> => {
    const sent: Sent<Question> = { id: asked, question }
    const answer = reply()
    // Where it cannot be sent, the process has ended, and `reply` says so.
    if (child.connected) child.send(sent, () => {})
    return answer as Promise<Answer>
  }
  return { pid: child.pid ?? NaN, ask, end }
}
