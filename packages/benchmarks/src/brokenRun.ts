// A run whose figures would be worth nothing.

export class BrokenRun extends Error {
  override readonly name = "BrokenRun"
}

/** Says whose work it was that failed. */
export const naming = async <A>(name: string, work: Promise<A>): Promise<A> => {
  try {
    return await work
  } catch (error) {
    throw new BrokenRun(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}
