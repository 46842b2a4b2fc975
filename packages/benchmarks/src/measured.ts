// Which of our code is run.

/** Our packages: as they are published, or their sources, which are slower. */
export type Measured = "dist" | "sources"

export const measured = (): Measured =>
  import.meta.resolve("@connection-pool/core/ConnectionPool").includes("/dist/esm/") ? "dist" : "sources"
