import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { main } from "../src/otlp.js"

it.live("a collector gets the pool's metrics with their names, units and attributes, and a span of each request", () =>
  Effect.gen(function*() {
    const { baseUrl, collector: { metrics, services, spans } } = yield* main
    const port = new URL(baseUrl).port
    const shop = {
      "http.client.connection.pool.name": "shop",
      "server.address": "127.0.0.1",
      "server.port": port,
      "url.scheme": "http"
    }
    const of = (name: string) => {
      const { gauge, histogram, sum, unit } = metrics.get(name)!
      const points = [...gauge?.dataPoints ?? [], ...sum?.dataPoints ?? [], ...histogram?.dataPoints ?? []]
      return {
        unit,
        isMonotonic: sum?.isMonotonic,
        points: points.filter(({ attributes }) => attributes["http.client.connection.pool.name"] === "shop")
      }
    }
    expect([...services]).toEqual(["shop"])

    expect(of("http.client.request.duration")).toMatchObject({
      unit: "s",
      points: [{
        count: 10,
        attributes: { ...shop, "http.request.method": "GET", "http.response.status_code": "200" },
        explicitBounds: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
      }]
    })
    expect(of("http.client.pool.received")).toMatchObject({
      unit: "By",
      isMonotonic: true,
      points: [{ asDouble: 10_000, attributes: shop }]
    })
    expect(of("http.client.pool.connections.created")).toMatchObject({
      unit: "{connection}",
      points: [{ asDouble: 1 }]
    })
    expect(of("http.client.connection.duration")).toMatchObject({ unit: "s", points: [{ count: 1, attributes: shop }] })
    // The pool is closed by then, and nothing of it is open.
    const { isMonotonic, points } = of("http.client.open_connections")
    expect(isMonotonic).toBe(false)
    expect(points).toMatchObject([{ asDouble: 0 }, { asDouble: 0 }])
    expect(points.map(({ attributes }) => attributes["http.connection.state"]).sort()).toEqual(["active", "idle"])

    const shopping = spans.find(({ name }) => name === "shopping")
    const requests = spans.filter(({ name }) => name === "GET")
    expect(requests).toHaveLength(10)
    for (const { attributes, parentSpanId, traceId } of requests) {
      expect({ parentSpanId, traceId }).toEqual({ parentSpanId: shopping?.spanId, traceId: shopping?.traceId })
      expect(attributes).toMatchObject({
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": Number(port),
        "url.full": `${baseUrl}/zeros/1000`,
        "http.client.connection.pool.name": "shop"
      })
    }
  }))
