import { PooledHttpClient } from "@connection-pool/core"
import type { ConnectionPool, PoolError } from "@connection-pool/core"
import type { HttpClient } from "@effect/platform"
import type { HttpClientError, HttpClientResponse } from "@effect/platform"
import type { Effect, Layer } from "effect"
import { describe, expect, it } from "tstyche"

declare const client: HttpClient.HttpClient

describe("PooledHttpClient", () => {
  it("is the platform's client, and asks for a pool", () => {
    expect(PooledHttpClient.layer).type.toBe<Layer.Layer<HttpClient.HttpClient, never, ConnectionPool.ConnectionPool>>()
    expect(PooledHttpClient.make).type.toBe<
      Effect.Effect<HttpClient.HttpClient, never, ConnectionPool.ConnectionPool>
    >()
  })

  it("followRedirects keeps a client a client, in both ways of calling it", () => {
    expect(PooledHttpClient.followRedirects(client)).type.toBeAssignableTo<HttpClient.HttpClient>()
    expect(client.pipe(PooledHttpClient.followRedirects({ maxRedirects: 3 }))).type.toBeAssignableTo<
      HttpClient.HttpClient
    >()
    expect(PooledHttpClient.followRedirects).type.not.toBeCallableWith(client, { maxRedirect: 3 })
  })

  it("withOptions leaves an effect's types alone", () => {
    const got = client.get("http://a/").pipe(PooledHttpClient.withOptions({ timeout: "1 second" }))
    expect(got).type.toBe<Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>>()
    expect(PooledHttpClient.withOptions).type.not.toBeCallableWith({ url: "http://a/" })
  })

  it("the pool's errors are no errors of the client's: they are causes", () => {
    type Errors = Effect.Effect.Error<ReturnType<HttpClient.HttpClient["execute"]>>
    expect<Errors>().type.not.toBeAssignableFrom<PoolError.AcquireTimeout>()
  })
})
