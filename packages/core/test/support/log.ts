/** What is logged, as text. */
import { Effect, HashMap, Logger } from "effect"

/** Runs a story, and collects what is logged meanwhile: level, message, and the annotations where there are any. */
export const keepingLog = <A, E, R>(story: (log: ReadonlyArray<string>) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const log: Array<string> = []
    const logger = Logger.make(({ annotations, logLevel, message }) => {
      const noted = HashMap.isEmpty(annotations) ? "" : ` ${JSON.stringify(Object.fromEntries(annotations))}`
      log.push(`${logLevel.label} ${String(message)}${noted}`)
    })
    return Effect.provide(story(log), Logger.replace(Logger.defaultLogger, logger))
  })
