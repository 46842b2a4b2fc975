/**
 * Stats, connections and events as JSON text.
 *
 * @internal
 */

/** An error's own fields may hold causes with anything in them; its message is made to be shown. */
const shown = (error: Error): unknown => ({
  _tag: "_tag" in error ? error._tag : error.name,
  ...("reason" in error ? { reason: error.reason } : {}),
  message: error.message
})

function replacer(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key] // `value` is what its toJSON made of it
  return original instanceof Error ? shown(original) : value
}

export const toJson = (value: unknown): string => JSON.stringify(value, replacer)
