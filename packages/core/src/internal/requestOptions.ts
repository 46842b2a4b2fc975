/**
 * What a fiber says about the requests it makes through an `HttpClient`, whose own requests have no place for it.
 *
 * @internal
 */
import * as Context from "effect/Context"
import type { PoolRequest } from "../PoolRequest.js"

/** What of a `PoolRequest` an `HttpClientRequest` cannot say; each field means what it means there. */
export interface RequestOptions extends
  Pick<
    PoolRequest,
    "timeout" | "acquireTimeout" | "headersTimeout" | "bodyTimeout" | "maxResponseSize" | "idempotent" | "tls"
  >
{}

/** The options of the requests that this fiber makes. */
export class CurrentRequestOptions extends Context.Reference<CurrentRequestOptions>()(
  "@connection-pool/core/PooledHttpClient/CurrentRequestOptions",
  { defaultValue: (): RequestOptions => ({}) }
) {}

/** How many requests were sent for the same purpose before this one (`http.request.resend_count`). */
export class ResendCount extends Context.Reference<ResendCount>()(
  "@connection-pool/core/PooledHttpClient/ResendCount",
  { defaultValue: () => 0 }
) {}
