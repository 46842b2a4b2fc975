// The process of the servers. It ends when the run does.
import { answer } from "@connection-pool/reliability/processes/answer"
import * as Desk from "./desk.js"
import type { FromServer, ToServer } from "./messages.js"

await answer<ToServer, FromServer>(async () => Desk.make())
