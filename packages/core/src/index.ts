export * as Connection from "./Connection.js"
export * as Connector from "./Connector.js"
export * as Origin from "./Origin.js"
export * as PoolError from "./PoolError.js"
