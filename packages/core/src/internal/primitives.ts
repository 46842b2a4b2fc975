/**
 * `Effect.async`, with and without a canceller, and `Effect.uninterruptibleMask`, for the one path that every request takes.
 *
 * V8 allocates a function that is written as the right side of an assignment to a property in the old generation. Effect 3 builds
 * them in that way, so that each use of them leaves something behind that no small garbage collection frees, and that
 * holds what the request held (docs/DESIGN.md, 13.17, has the figures). Here the same
 * instructions for the runtime are built without such functions. Where a version of Effect does not know them, its own are used.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as RuntimeFlagsPatch from "effect/RuntimeFlagsPatch"
import * as Scheduler from "effect/Scheduler"

type Resume<A, E> = (effect: Effect.Effect<A, E>) => void

export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** What the runtime of Effect 3 reads of an effect. */
class Instruction {
  readonly _op: string
  readonly effect_instruction_i0: unknown
  readonly effect_instruction_i1: unknown

  constructor(op: string, first: unknown, second: unknown) {
    this._op = op
    this.effect_instruction_i0 = first
    this.effect_instruction_i1 = second
  }
}
Object.assign(Instruction.prototype, Effectable.EffectPrototype)

const instruction = <A, E, R>(op: string, first: unknown, second: unknown): Effect.Effect<A, E, R> =>
  new Instruction(op, first, second) as never

const asyncOp = "Async"
const flagsOp = "UpdateRuntimeFlags"
const on = RuntimeFlagsPatch.enable(RuntimeFlags.Interruption)
const off = RuntimeFlagsPatch.disable(RuntimeFlags.Interruption)

const interruptible: Restore = (effect) => instruction(flagsOp, on, () => effect)
const uninterruptible: Restore = (effect) => instruction(flagsOp, off, () => effect)

/** Whether the effect is the instruction that we would make of it. */
const isInstruction = (effect: unknown, op: string, first: unknown, second: unknown): boolean => {
  const { _op, effect_instruction_i0, effect_instruction_i1 } = effect as Instruction
  const same = (known: unknown, expected: unknown) => known === expected || typeof known === expected
  return _op === op && same(effect_instruction_i0, first) && same(effect_instruction_i1, second)
}

/** Effect builds the two in question when they are run. */
const built = (effect: unknown): unknown => (effect as { readonly commit?: () => unknown }).commit?.() ?? effect

const ownAsync = <A, E>(register: (resume: Resume<A, E>) => void): Effect.Effect<A, E> =>
  instruction(asyncOp, register, FiberId.none)

/** What the runtime of Effect 3 calls where it interrupts a fiber that waits: `resume`, with the interruption. */
interface Waiting<A, E> {
  _asyncInterruptor: Resume<A, E> | null
}

const ownCancellable = <A, E>(register: (resume: Resume<A, E>) => () => void): Effect.Effect<A, E> =>
  ownAsync((resume) => {
    const cancel = register(resume)
    const fiber = Option.getOrThrow(Fiber.getCurrentFiber()) as unknown as Waiting<A, E>
    // Not where nothing can interrupt.
    if (fiber._asyncInterruptor !== resume) return
    const interrupt: Resume<A, E> = (interruption) => {
      try {
        cancel()
        resume(interruption)
      } catch (defect) {
        resume(Effect.die(defect))
      }
    }
    fiber._asyncInterruptor = interrupt
  })

/** Whether the runtime interrupts a wait in the way that `ownCancellable` takes it to. */
const interrupts = (): boolean => {
  let cancelled = 0
  const scheduler = new Scheduler.SyncScheduler()
  const fiber = Effect.runFork(ownCancellable<never, never>(() => () => cancelled++), { scheduler })
  fiber.unsafeInterruptAsFork(FiberId.none)
  scheduler.flush()
  return cancelled === 1 && fiber.unsafePoll()?._tag === "Failure"
}

/** Whether the runtime is told what it is told by this version of Effect. */
export const isKnown: boolean =
  isInstruction(built(Effect.async((_resume) => {})), asyncOp, "function", FiberId.none) &&
  isInstruction(built(Effect.uninterruptibleMask(() => Effect.void)), flagsOp, off, "function") &&
  isInstruction(built(Effect.interruptible(Effect.void)), flagsOp, on, "function") &&
  interrupts()

type Mask = <A, E, R>(
  use: (restore: Restore, wasInterruptible: boolean) => Effect.Effect<A, E, R>
) => Effect.Effect<A, E, R>

const ownMask: Mask = (use) =>
  instruction(
    flagsOp,
    off,
    (before: RuntimeFlags.RuntimeFlags) =>
      RuntimeFlags.interruption(before) ? use(interruptible, true) : use(uninterruptible, false)
  )

export interface Primitives {
  /** `Effect.async` without a canceller: an interruption ends the wait, and whoever is to hear of it has to look at the cause. */
  readonly async: <A, E = never>(register: (resume: Resume<A, E>) => void) => Effect.Effect<A, E>
  /**
   * `Effect.async` with a canceller: what `register` returns is called, once, when the wait is interrupted. An answer that has come by
   * then may still get lost.
   */
  readonly cancellable: <A, E = never>(register: (resume: Resume<A, E>) => () => void) => Effect.Effect<A, E>
  /** `Effect.uninterruptibleMask`; also says whether `restore` makes interruptible. */
  readonly uninterruptibleMask: Mask
}

export const ours: Primitives = { async: ownAsync, cancellable: ownCancellable, uninterruptibleMask: ownMask }

export const effects: Primitives = {
  async: (register) => Effect.async((resume) => register(resume)),
  cancellable: (register) => Effect.async((resume) => Effect.sync(register(resume))),
  uninterruptibleMask: (use) =>
    Effect.withFiberRuntime((_, { runtimeFlags }) =>
      Effect.uninterruptibleMask((restore) => use(restore, RuntimeFlags.interruption(runtimeFlags)))
    )
}

export const { async, cancellable, uninterruptibleMask } = isKnown ? ours : effects
