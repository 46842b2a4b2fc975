/**
 * The last dials of an origin that failed.
 *
 * @internal
 */
import type { FailedDial } from "../PoolDiagnosis.js"
import type { ConnectFailed, ConnectTimeout } from "../PoolError.js"

const most = 10

interface Failure {
  readonly reason: FailedDial["reason"]
  readonly message: string
  readonly at: number
}

const none: Array<Failure> = []

/** What is kept is text: an error would keep what caused it. */
export class FailedDials {
  private failures = none

  add(error: ConnectFailed | ConnectTimeout, at: number): void {
    if (this.failures === none) this.failures = []
    const reason = error._tag === "ConnectTimeout" ? "Timeout" : error.reason
    this.failures.unshift({ reason, message: error.message, at })
    this.failures.length = Math.min(this.failures.length, most)
  }

  get some(): boolean {
    return this.failures.length > 0
  }

  list(now: number): ReadonlyArray<FailedDial> {
    return this.failures.map(({ at, message, reason }) => ({ reason, message, ago: now - at }))
  }
}
