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

/** What is under way, and can be given up. */
export interface Abortable {
  abort(): void
}

/** What the runtime of Effect 3 knows of a fiber that waits. */
interface WaitingFiber<A, E> {
  /** Called where the fiber is interrupted, with the interruption; set where that is possible. */
  _asyncInterruptor: Resume<A, E> | null
  tell(message: Resumption): void
}

/**
 * The message that a fiber is resumed with. The runtime's own are objects of a literal: once V8 has seen many of them survive, it
 * allocates all later ones in the old generation, and the answer in them is held there (docs/DESIGN.md, 13.36).
 */
class Resumption {
  readonly _tag = "Resume"
  readonly effect: Effect.Effect<unknown, unknown>

  constructor(effect: Effect.Effect<unknown, unknown>) {
    this.effect = effect
  }
}

/** A fiber waits until it is answered, once. What `register` returns is aborted where the wait is interrupted. */
const wait = <A, E>(register: (resume: Resume<A, E>) => Abortable | undefined): Effect.Effect<A, E> =>
  instruction(asyncOp, (resume: Resume<A, E>) => {
    const fiber = Option.getOrThrow(Fiber.getCurrentFiber()) as unknown as WaitingFiber<A, E>
    let answered = false
    const answer: Resume<A, E> = (effect) => {
      if (answered) return
      answered = true
      fiber.tell(new Resumption(effect))
    }
    // Where nothing can interrupt it is not set.
    if (fiber._asyncInterruptor === resume) fiber._asyncInterruptor = answer
    try {
      const running = register(answer)
      if (running === undefined || fiber._asyncInterruptor !== answer) return
      const interrupt: Resume<A, E> = (interruption) => {
        try {
          running.abort()
          answer(interruption)
        } catch (defect) {
          answer(Effect.die(defect))
        }
      }
      fiber._asyncInterruptor = interrupt
    } catch (defect) {
      answer(Effect.die(defect))
    }
  }, FiberId.none)

/** Whether the runtime resumes and interrupts a wait in the ways that we take it to. */
const waits = (): boolean => {
  let cancelled = 0
  let answer: Resume<number, never> | undefined
  const scheduler = new Scheduler.SyncScheduler()
  const pending = wait<number, never>((resume) => {
    answer = resume
    return { abort: () => cancelled++ }
  })
  try {
    const answered = Effect.runFork(pending, { scheduler })
    answer?.(Effect.succeed(1))
    const interrupted = Effect.runFork(pending, { scheduler })
    interrupted.unsafeInterruptAsFork(FiberId.none)
    scheduler.flush()
    const ends = [answered, interrupted].map((fiber) => fiber.unsafePoll()?._tag).join()
    return ends === "Success,Failure" && cancelled === 1
  } catch {
    // It knows no such messages.
    return false
  }
}

/** Whether the runtime is told what it is told by this version of Effect. */
export const isKnown: boolean =
  isInstruction(built(Effect.async((_resume) => {})), asyncOp, "function", FiberId.none) &&
  isInstruction(built(Effect.uninterruptibleMask(() => Effect.void)), flagsOp, off, "function") &&
  isInstruction(built(Effect.interruptible(Effect.void)), flagsOp, on, "function") &&
  waits()

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
  readonly async: <A, E = never>(register: (resume: Resume<A, E>) => undefined) => Effect.Effect<A, E>
  /**
   * `Effect.async` with a canceller: what `register` returns is aborted, once, when the wait is interrupted. An answer that has come
   * by then may still get lost.
   */
  readonly cancellable: <A, E = never>(register: (resume: Resume<A, E>) => Abortable) => Effect.Effect<A, E>
  /** `Effect.uninterruptibleMask`; also says whether `restore` makes interruptible. */
  readonly uninterruptibleMask: Mask
}

export const ours: Primitives = { async: wait, cancellable: wait, uninterruptibleMask: ownMask }

export const effects: Primitives = {
  async: (register) => Effect.async((resume) => register(resume)),
  cancellable: (register) =>
    Effect.async((resume) => {
      const running = register(resume)
      return Effect.sync(() => running.abort())
    }),
  uninterruptibleMask: (use) =>
    Effect.withFiberRuntime((_, { runtimeFlags }) =>
      Effect.uninterruptibleMask((restore) => use(restore, RuntimeFlags.interruption(runtimeFlags)))
    )
}

export const { async, cancellable, uninterruptibleMask } = isKnown ? ours : effects
