// What is asked of the keeper; see keeperMain.ts.
import type { Child } from "../processes/child.js"

export type ToKeeper =
  /** Removed at the end. */
  | { readonly type: "directory"; readonly path: string }
  /** Whether it could be started. */
  | { readonly type: "start"; readonly name: string; readonly command: string; readonly args: ReadonlyArray<string> }
  | { readonly type: "signal"; readonly name: string; readonly signal: NodeJS.Signals; readonly group: boolean }
  /** Whether it has ended, at the latest in so many milliseconds. */
  | { readonly type: "ended"; readonly name: string; readonly within: number }
  | { readonly type: "suspend" | "resume"; readonly pid: number }

export type FromKeeper = boolean

export type Keeper = Child<ToKeeper, FromKeeper>
