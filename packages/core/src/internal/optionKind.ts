/**
 * The kinds of values that options have: how each is checked, and how it is written in the environment.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/**
 * @internal
 */
export interface Kind<A> {
  /** What is allowed, in words. */
  readonly allowed: string
  /** The setting that a value given by the user stands for, or `undefined` where it is not allowed. */
  readonly decode: (input: unknown) => A | undefined
  /** The value that a text of the environment stands for. A text that is not understood is returned as it is. */
  readonly fromText: (text: string) => unknown
}

interface Limits {
  readonly min: number
  /** Whether `"none"`, and infinity, switch the limit off. */
  readonly none?: boolean
}

const orNone = (limits: Limits): string => limits.none === true ? `, or "none"` : ""

const isNone = (input: unknown, limits: Limits): boolean =>
  limits.none === true && (input === "none" || input === Infinity)

const fromNumberText = (limits: Limits) => (text: string): unknown => {
  if (/^\d{1,16}$/.test(text)) return Number(text)
  return limits.none === true && text.toLowerCase() === "none" ? "none" : text
}

const whole = (words: string, limits: Limits): Kind<number> => ({
  allowed: `${words} at least ${limits.min}${orNone(limits)}`,
  decode: (input) => {
    if (isNone(input, limits)) return Infinity
    return typeof input === "number" && Number.isSafeInteger(input) && input >= limits.min ? input : undefined
  },
  fromText: fromNumberText(limits)
})

/**
 * A whole number of things; `Infinity` stands for none.
 *
 * @internal
 */
export const count = (limits: Limits): Kind<number> => whole("a whole number of", limits)

/**
 * A whole number of bytes; `Infinity` stands for none.
 *
 * @internal
 */
export const bytes = (limits: Limits): Kind<number> => whole("a whole number of bytes,", limits)

/**
 * Milliseconds, or `undefined`. `Duration.decode` alone would make zero of what is negative or not a number.
 */
const toMillis = (input: unknown): number | undefined => {
  if (typeof input === "number") return input
  if (typeof input === "bigint") return Number(input) / 1_000_000
  if (typeof input === "string" && input.startsWith("-")) return undefined
  if (Array.isArray(input) && !input.every((part) => typeof part === "number" && part >= 0)) return undefined
  return Option.getOrUndefined(Option.map(Duration.decodeUnknown(input), Duration.toMillis))
}

/**
 * Any `DurationInput`, in milliseconds; `Infinity` stands for none.
 *
 * @internal
 */
export const duration = (limits: Limits): Kind<number> => ({
  allowed: (limits.min === 0 ? "a duration" : `a duration of at least ${limits.min} ms`) +
    `, such as 5000 (milliseconds) or "30 seconds"${orNone(limits)}`,
  decode: (input) => {
    if (isNone(input, limits)) return Infinity
    const millis = toMillis(input)
    if (millis === Infinity) return limits.none === true && typeof input !== "string" ? Infinity : undefined
    return millis !== undefined && millis >= limits.min && millis <= Number.MAX_SAFE_INTEGER ? millis : undefined
  },
  fromText: fromNumberText(limits)
})

const booleanTexts: ReadonlyMap<string, boolean> = new Map([
  ...["true", "1", "yes", "on"].map((text) => [text, true] as const),
  ...["false", "0", "no", "off"].map((text) => [text, false] as const)
])

/**
 * @internal
 */
export const boolean: Kind<boolean> = {
  allowed: "true or false",
  decode: (input) => typeof input === "boolean" ? input : undefined,
  fromText: (text) => booleanTexts.get(text.toLowerCase()) ?? text
}

/**
 * One of some words.
 *
 * @internal
 */
export const oneOf = <const A extends string>(...words: ReadonlyArray<A>): Kind<A> => ({
  allowed: words.map((word) => `"${word}"`).join(" or "),
  decode: (input) => words.find((word) => word === input),
  fromText: (text) => text.toLowerCase()
})

/**
 * A text with something in it.
 *
 * @internal
 */
export const text: Kind<string> = {
  allowed: "a text that is not blank",
  decode: (input) => typeof input === "string" && input.trim() !== "" ? input : undefined,
  fromText: (text) => text
}
