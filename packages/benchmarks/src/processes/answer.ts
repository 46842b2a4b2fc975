// The side of the child: see child.ts.
import type { Reply } from "./child.js"

const reply = (message: Reply): void => void process.send?.(message)

const failed = (error: unknown): void => reply({ failure: error instanceof Error ? error.message : String(error) })

/** Answers until the parent has ended or lets go. */
export const answer = async <Question, Answer>(
  prepare: () => Promise<(question: Question) => Answer | Promise<Answer>>
): Promise<void> => {
  process.once("disconnect", () => process.exit())
  // A Ctrl-C in the terminal reaches this process too, and is for the parent to act on.
  process.on("SIGINT", () => {})
  try {
    const answerTo = await prepare()
    process.on("message", async (question) => {
      try {
        reply({ value: await answerTo(question as Question) })
      } catch (error) {
        failed(error)
      }
    })
    reply({ value: "ready" })
  } catch (error) {
    failed(error)
  }
}
