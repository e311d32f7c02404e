import { BackendError, DTypeError, ShapeError } from '@tenon/kernel'
import { currentBackend } from './backends.ts'
import { constNode, type Node } from './node.ts'
import { expandNode } from './promote.ts'
import { initialize } from './runtime.ts'
import { sameShape, showShape } from './shape.ts'
import { track } from './storage.ts'
import { Tensor } from './tensor.ts'
import { readOf, recordAssign, VariableState } from './variable-state.ts'

/** Options of `Variable`. */
export interface VariableOptions {
  readonly name?: string
}

/**
 * The one mutable thing: parameters, optimizer slots, running statistics, counters. It is a Tensor whose value changes by `assign`.
 */
export class Variable extends Tensor {
  readonly state: VariableState
  #grad: Tensor | null = null

  constructor(initial: Tensor, options: VariableOptions = {}) {
    super(initial.node)
    this.state = new VariableState(this, initial, initial.node.backend ?? currentBackend(), options.name ?? null)
    recordAssign(this.state, initial.node)
    track(this.state)
    initialize(this.state)
  }

  override get node(): Node {
    return this.state ? readOf(this.state) : super.node
  }

  get name(): string | null {
    return this.state.name
  }
  set name(name: string | null) {
    this.state.name = name
  }

  /** Whether `backward` fills `grad`. */
  get requiresGrad(): boolean {
    return this.state.requiresGrad
  }
  set requiresGrad(requiresGrad: boolean) {
    this.state.requiresGrad = requiresGrad
  }

  /** What `backward` left: d loss / d this, or null. */
  get grad(): Tensor | null {
    return gradHooks.read ? gradHooks.read(this, this.#grad) : this.#grad
  }
  set grad(grad: Tensor | null) {
    gradHooks.write?.(this, this.#grad)
    if (this.#grad?.node.storage?.passing && this.#grad !== grad) this.#grad.node.gradient = 'replaced' // any run may drop it
    this.#grad = grad
  }

  /** The next value. Recorded in program order, and run with the next read, `realize` or step. */
  assign(value: Tensor | number): void {
    const { shape, dtype, backend } = this.state
    const label = this.name ?? 'a variable'
    if (typeof value === 'number') {
      recordAssign(this.state, expandNode(constNode(value, dtype), shape))
      return
    }
    if (!sameShape(value.shape, shape))
      throw new ShapeError(`assign: ${label} has shape ${showShape(shape)}, the value has ${showShape(value.shape)}`)
    if (value.dtype !== dtype)
      throw new DTypeError(`assign: ${label} is ${dtype}, the value is ${value.dtype}; cast it with x.cast('${dtype}')`)
    if (value.node.backend && value.node.backend !== backend) {
      throw new BackendError(
        `assign: ${label} lies on ${backend.name}, the value on ${value.node.backend.name}; move it with x.to(backend)`,
      )
    }
    recordAssign(this.state, value.node)
  }
}

/** What a capture watches: gradients that a captured step reads or leaves. */
export const gradHooks: {
  read: ((variable: Variable, grad: Tensor | null) => Tensor | null) | null
  write: ((variable: Variable, before: Tensor | null) => void) | null
} = { read: null, write: null }
