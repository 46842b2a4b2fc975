/**
 * An emitter that says when somebody begins or ceases to listen. (Node's own `newListener` and `removeListener` end with
 * `removeAllListeners`.)
 *
 * @internal
 */
import { EventEmitter } from "node:events"

type Name = string | symbol
type Listener = Parameters<EventEmitter["on"]>[1]

export class WatchedEmitter extends EventEmitter {
  readonly #changed: () => void

  constructor(changed: () => void) {
    super()
    this.#changed = changed
  }

  override on(name: Name, listener: Listener): this {
    super.on(name, listener)
    this.#changed()
    return this
  }

  override addListener(name: Name, listener: Listener): this {
    return this.on(name, listener)
  }

  override prependListener(name: Name, listener: Listener): this {
    super.prependListener(name, listener)
    this.#changed()
    return this
  }

  override removeListener(name: Name, listener: Listener): this {
    super.removeListener(name, listener)
    this.#changed()
    return this
  }

  override off(name: Name, listener: Listener): this {
    return this.removeListener(name, listener)
  }

  override removeAllListeners(name?: Name): this {
    if (name === undefined) super.removeAllListeners()
    else super.removeAllListeners(name)
    this.#changed()
    return this
  }
}
