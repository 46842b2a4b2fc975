/** A law is broken. */
export const fail = (law: string, what: string): never => {
  throw new Error(`${law}: ${what}`)
}

export const hold = (holds: boolean, law: string, what: string): void => {
  if (!holds) fail(law, what)
}
