// A Ctrl-C comes from the terminal and, a moment later, once more from npm, which hands signals on. The echo must not kill a
// program that took the first as the order to end well: repetitions within a second count as one, a later one ends it at once.
const codes = { SIGINT: 130, SIGTERM: 143 }
const seen = new Map()
const emit = process.emit
process.emit = function(event, ...rest) {
  if (!Object.hasOwn(codes, event)) return emit.call(this, event, ...rest)
  const now = performance.now()
  const last = seen.get(event)
  if (last !== undefined && now - last < 1_000) return true
  seen.set(event, now)
  if (last !== undefined) process.exit(codes[event])
  process.on(event, () => {}) // the program may remove its own listener, and with the last one the default action is back
  return emit.call(this, event, ...rest)
}
