/**
 * What the messages of errors have in common.
 *
 * @internal
 */
import type { OriginDiagnosis } from "../PoolDiagnosis.js"
import type { PoolCounts } from "../PoolError.js"

export const printCounts = (counts: PoolCounts): string =>
  `active ${counts.active}, idle ${counts.idle}, connecting ${counts.connecting}, waiting ${counts.waiting}, ` +
  `limit ${counts.limit}`

/** Who holds what somebody waited for. */
export const holdersSuffix = (diagnosis: OriginDiagnosis | undefined): string =>
  diagnosis === undefined ? "" : `: ${diagnosis.summary}`

export const causeSuffix = (cause: unknown): string =>
  cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : ""
