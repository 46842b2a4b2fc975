// The side of the child: see child.ts.
import type { Reply, Sent } from "./child.js"

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

const send = (reply: Reply): void => {
  // Nobody is there to be told that nobody is there.
  if (process.connected) process.send!(reply, () => {})
}

/** Answers until the parent has ended or lets go. */
export const answer = async <Question, Answer>(
  prepare: () => Promise<(question: Question) => Answer | Promise<Answer>>
): Promise<void> => {
  process.once("disconnect", () => process.exit())
  // A Ctrl-C in the terminal reaches this process too, and is for the parent to act on.
  process.on("SIGINT", () => {})
  try {
    const answerTo = await prepare()
    process.on("message", async (message) => {
      const { id, question } = message as Sent<Question>
      try {
        send({ id, value: await answerTo(question) })
      } catch (error) {
        send({ id, failure: messageOf(error) })
      }
    })
    send({ id: 0, value: "ready" })
  } catch (error) {
    send({ id: 0, failure: messageOf(error) })
  }
}
