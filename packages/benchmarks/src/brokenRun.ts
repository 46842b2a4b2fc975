// A run whose figures would be worth nothing.

export class BrokenRun extends Error {
  override readonly name = "BrokenRun"
}
