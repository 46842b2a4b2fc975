import { answers } from "./answers.js"
import { bodies } from "./bodies.js"
import type { Theme } from "./case.js"
import { combinators } from "./combinators.js"
import { encodings } from "./encodings.js"
import { errors } from "./errors.js"
import { keepAlive } from "./keepAlive.js"
import { readers } from "./readers.js"
import { redirects } from "./redirects.js"
import { requests } from "./requests.js"
import { smallPools } from "./smallPools.js"
import { streaming } from "./streaming.js"
import { tls } from "./tls.js"
import { tracing } from "./tracing.js"

export const themes: ReadonlyArray<Theme> = [
  requests,
  bodies,
  answers,
  readers,
  combinators,
  tracing,
  redirects,
  keepAlive,
  smallPools,
  streaming,
  errors,
  encodings,
  tls
]
