// `npm run acceptance`, started by scripts/built.mjs.
import { main, wholeNumber } from "@connection-pool/reliability/program"
import { InvalidArgumentError } from "commander"
import type { Options } from "./acceptance.js"
import { lasts, measures, run } from "./acceptance.js"
import * as Document from "./document.js"
import { print } from "./table.js"

/** Of a run that is worth a document, and of a quick one. */
const longSeconds = 60
const quickSeconds = 3

type Given = Pick<Options, "quick"> & Partial<Options>

const names = measures.map(({ name }) => name)

const optionsOf = ({ only = names, quick, seconds = quick ? quickSeconds : longSeconds }: Given): Options => ({
  only,
  quick,
  seconds
})

const listOfNames = (text: string): ReadonlyArray<string> =>
  text.split(",").map((name) => {
    if (names.includes(name)) return name
    throw new InvalidArgumentError(`"${name}" is none of ${names.join(", ")}.`)
  })

/** A document is about everything, in the length that was reported. */
const isWhole = ({ only, quick, seconds }: Options): boolean =>
  !quick && seconds >= longSeconds && names.every((name) => only.includes(name))

await main<Given>({
  name: "acceptance",
  description: "Measures every figure that the replaced system reported again, and fails when one is missed. " +
    `A whole run, of ${longSeconds} s of load or more, writes docs/acceptance.md.`,
  define: (command) =>
    command
      .option("--quick", "a short run: fewer repetitions, the same targets", false)
      .option("--only <names>", `which of ${names.join(", ")}`, listOfNames)
      .option(
        "--seconds <number>",
        `of load (default: ${longSeconds}, or ${quickSeconds} with --quick)`,
        wholeNumber(1, 3_600)
      ),
  total: (given) => lasts(optionsOf(given)),
  run: async (given, progress, signal) => {
    const options = optionsOf(given)
    const outcome = await run(options, progress, signal)
    const good = outcome.rows.length > 0 && outcome.rows.every((row) => row.good)
    if (isWhole(options) && !signal.aborted) Document.write(outcome)
    return { good, report: print(outcome), json: { good, ...outcome } }
  }
})
