import type { Command } from "../../../src/machine/command.js"

/** A command as a short line, so that a test reads like a story. */
export const print = (command: Command): string => {
  switch (command._tag) {
    case "Connect":
      return `connect ${command.connection} to ${command.key}`
    case "Grant":
      return `grant ${command.connection} to ${command.waiter}`
    case "Reject":
      return `reject ${command.waiter}: ${command.reason}`
    case "Close":
      return `close ${command.connection}: ${command.reason}`
    case "WakeAt":
      return `wake at ${command.at}`
    case "Forget":
      return `forget ${command.key}`
  }
}
