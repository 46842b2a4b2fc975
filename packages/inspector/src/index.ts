/**
 * What a pool is doing, to look at with a browser or `curl`, and to be scraped: an `HttpApp` for a router of yours, or a layer that
 * serves it. It only reads, and answers only to names of this machine and those that you allow.
 *
 * | path | answer |
 * | --- | --- |
 * | `/stats` | `pool.stats` as JSON |
 * | `/connections` | `pool.connections` as JSON |
 * | `/events` | `pool.events` as server-sent events, until the pool is closed; a slow reader loses the oldest and gets `Missed` |
 *
 * @since 0.1.0
 */
export * as Inspector from "./Inspector.js"
