/**
 * Headers by name, as `Headers.currentRedactedNames` gives them.
 *
 * @internal
 */

/** Whether a header, in lower case, is one of these. */
export const isNamed = (header: string, names: ReadonlyArray<string | RegExp>): boolean => {
  for (const name of names) {
    if (typeof name !== "string") {
      // Not `test`: it starts a global expression where its last match ended.
      if (header.search(name) >= 0) return true
    } else if (name.length === header.length && name.toLowerCase() === header) {
      return true
    }
  }
  return false
}
