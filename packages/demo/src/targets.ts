// Whom the demo asks.
import type { Target } from "./load.js"
import type { Options } from "./options.js"
import type { Server } from "./server.js"

export const targetsOf = (options: Options, server: Server | undefined): ReadonlyArray<Target> => {
  if (server === undefined) {
    return options.url === undefined
      ? []
      : [{ name: options.url.protocol.slice(0, -1), url: options.url, embedded: false }]
  }
  return [
    { name: "http", url: server.httpUrl, embedded: true },
    { name: "https", url: server.httpsUrl, embedded: true }
  ]
}
