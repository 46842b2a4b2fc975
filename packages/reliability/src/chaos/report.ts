// What a run found, for people.
import type { Summary } from "./campaign.js"

const count = (value: number): string => value.toLocaleString("en-US")

const line = (name: string, value: number | string): string =>
  `  ${name.padEnd(52)}${(typeof value === "number" ? count(value) : value).padStart(12)}`

const lines = (title: string, counts: Readonly<Record<string, number>>): ReadonlyArray<string> =>
  Object.keys(counts).length === 0 ? [] : [title, ...Object.entries(counts).map(([name, value]) => line(name, value))]

const bytes = (value: number): string => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(2)} B`

const heapLines = ({ heap, heapGrows, heapSamples }: Summary): ReadonlyArray<string> => {
  const [first, last] = [heapSamples[0]?.y, heapSamples.at(-1)?.y]
  const used = (value: number | undefined): string => value === undefined ? "-" : `${(value / 2 ** 20).toFixed(2)} MiB`
  return [
    "Heap, each time after all had come to rest and garbage was collected",
    line("samples", heapSamples.length),
    line("the first", used(first)),
    line("the last", used(last)),
    ...(heap === undefined
      ? ["  too few samples to tell a slope: run it longer"]
      : [
        line("slope, a request", bytes(heap.slope)),
        line(`  95 % confidence, ${heap.samples} samples`, `${bytes(heap.low)} to ${bytes(heap.high)}`),
        ...(heapGrows ? ["  WRONG: the heap grows"] : [])
      ])
  ]
}

const proxyLines = ({ missingProxies, proxies }: Summary): ReadonlyArray<string> => [
  ...(proxies.length === 0 ? [] : [`Proxies: ${proxies.join(", ")}`]),
  ...(missingProxies.length === 0
    ? []
    : [
      `NOT TESTED, since they are not installed: ${missingProxies.join(", ")} (apt-get install ${
        missingProxies.join(" ")
      })`
    ])
]

const targetLines = ({ byTarget }: Summary): ReadonlyArray<string> => [
  "Where requests went                                       requests    answered",
  ...Object.entries(byTarget).map(([name, { answered, requests }]) =>
    `  ${name.padEnd(46)}${count(requests).padStart(18)}${count(answered).padStart(12)}`
  )
]

const percent = (part: number, whole: number): string => whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`

export const print = (summary: Summary): string => {
  const { connections, drains, requests, zeros } = summary
  const failed = Object.values(summary.failures).reduce((sum, value) => sum + value, 0) - summary.leasesRefused
  const own = Object.values(summary.ownAnswers).reduce((sum, value) => sum + value, 0)
  return [
    `Seed ${summary.seed}, ${summary.seconds} s`,
    ...proxyLines(summary),
    ...(summary.socketsCounted ? [] : ["NOT COUNTED: sockets, since this system has no /proc"]),
    line("requests", requests),
    line("  answered, each with its own answer", summary.answered),
    line("  answered by somebody between", own),
    line("  failed with a typed error", failed),
    line("  interrupted by their callers", summary.interrupted),
    line("leases that could not be had", summary.leasesRefused),
    line("requests seen by our servers", summary.seenByServers),
    line("requests sent again (C6)", connections.repeated),
    line("connections opened and closed", connections.opened),
    line("requests on a reused connection", percent(connections.reused, connections.requests)),
    line("drains", drains.drains),
    line("  exchanges that ended by themselves", drains.answered),
    line("  exchanges cut off", drains.cutOff),
    ...lines("By kind", summary.byKind),
    ...lines("Errors", summary.failures),
    ...lines("Answers from somebody between, by status", summary.ownAnswers),
    ...targetLines(summary),
    ...lines("What happened beside", summary.disturbed),
    ...lines("What servers did", summary.acts),
    ...heapLines(summary),
    ...lines(`What must be 0, at ${summary.rests} rests and the end`, zeros),
    ...summary.examples.map((example) => `  WRONG: ${example}`),
    summary.good ? "All books balance." : "NOT everything is as it must be."
  ].join("\n")
}
