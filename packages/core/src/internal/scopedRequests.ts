/**
 * The controllers of `HttpClient.withScope`: the answer to a request that is registered here ends when its controller aborts.
 * The platform does not export this map, but a global value is found by its name.
 *
 * @internal
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as GlobalValue from "effect/GlobalValue"

/** A request is known by its identity: a copy is another one. */
export const scopedRequests: Pick<WeakMap<HttpClientRequest, AbortController>, "get" | "set"> = GlobalValue.globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest, AbortController>()
)
