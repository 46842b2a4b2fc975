/**
 * The methods that have a name in spans and metrics; any other is `_OTHER`.
 *
 * @internal
 */
export const knownMethods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH"
])
