import { type Backend, invalidateJit, moveVariables, type Tensor, type Variable } from '@tenon/tensor'
import { runForward } from './module-path.ts'
import { isParameter, type Parameter } from './parameter.ts'
import { type LoadOptions, type LoadReport, loadState } from './state-dict.ts'
import { fieldsOf, moduleBrand, modulesOf, variablesOf } from './walk.ts'

/**
 * The base of layers and models: a class with fields and a `forward`.
 *
 * ```ts
 * class Net extends Module {
 *   readonly conv: Conv2d = new Conv2d(1, 16, 3)
 *   readonly fc: Linear = new Linear(16 * 26 * 26, 10)
 *   forward(x: Tensor): Tensor {
 *     return this.fc.forward(relu(this.conv.forward(x)).flatten(1))
 *   }
 * }
 * ```
 *
 * Parameters, buffers (any other Variable) and child modules are what the fields hold, arrays and plain objects of them included;
 * a `#private` field is not seen. While `forward` runs, errors carry the path of the module: `conv` above, `blocks.0.fc` further down.
 * Write `forward` as a method, not as a field with an arrow function, which has no path.
 * PyTorch: `torch.nn.Module`; `forward` is what `__call__` is there.
 */
export abstract class Module {
  static {
    Object.defineProperty(this.prototype, moduleBrand, { value: true })
    // console.log(model) in Node.
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: Module): string {
        return this.toString()
      },
    })
  }

  /** Changed by `train()` and `eval()`, which tell jit of it. */
  readonly training: boolean = true

  constructor() {
    // The instance's own `forward` is the class's one with the module's path around it, so that plain calls have it.
    const { forward } = this
    Object.defineProperty(this, 'forward', {
      value: (...inputs: never[]): unknown => runForward(this, () => forward.apply(this, inputs)),
      configurable: true,
      writable: true,
    })
  }

  abstract forward(...inputs: never[]): unknown

  /** What `toString` prints between the parentheses: `16, 32, kernelSize=[3, 3]`. PyTorch: `extra_repr`. */
  extraRepr(): string {
    return ''
  }

  /** Turns training behaviour (dropout, batch statistics) on for this module and all below it. */
  train(mode = true): this {
    let changed = false
    for (const [, module] of modulesOf(this)) {
      changed ||= module.training !== mode
      ;(module as { training: boolean }).training = mode
    }
    if (changed) invalidateJit()
    return this
  }

  /** `train(false)`. */
  eval(): this {
    return this.train(false)
  }

  /** Lets `backward` give all parameters a gradient, or, with `false`, freezes them. PyTorch: `requires_grad_`. */
  requiresGrad(required = true): this {
    let changed = false
    for (const parameter of this.parameters()) {
      changed ||= parameter.requiresGrad !== required
      parameter.requiresGrad = required
    }
    if (changed) invalidateJit()
    return this
  }

  /**
   * Moves parameters, their gradients and buffers to another backend, where training goes on: they stay the same objects. PyTorch: `to(device)`.
   *
   * ```ts
   * await useBackend(backend)
   * await model.to(backend)
   * await optimizer.to(backend)
   * ```
   *
   * All of them move, or none does. @throws UnsupportedError if the backend lacks the dtype of one, BackendError if they find no room there
   */
  async to(backend: Backend): Promise<this> {
    await moveVariables(
      [...variablesOf(this)].map(([, variable]) => variable),
      backend,
    )
    return this
  }

  /** All parameters with their paths; one that is shared comes once, under its first path. */
  namedParameters(): [path: string, parameter: Parameter][] {
    return [...variablesOf(this)].filter((entry): entry is [string, Parameter] => isParameter(entry[1]))
  }

  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter)
  }

  /** All Variables that are no parameters, as running statistics, with their paths. */
  namedBuffers(): [path: string, buffer: Variable][] {
    return [...variablesOf(this)].filter(([, variable]) => !isParameter(variable)).map(([path, buffer]) => [path, buffer])
  }

  /** This module (its path is '') and all below it, each once. */
  namedModules(): [path: string, module: Module][] {
    return [...modulesOf(this)].map(([path, module]) => [path, module])
  }

  /** The modules that the fields of this one hold. */
  namedChildren(): [name: string, child: Module][] {
    return fieldsOf(this).children.map(([name, child]) => [name, child])
  }

  /** Parameters and buffers by path. They are the live Variables: read them, or hand them to `save`. What is shared has several entries. */
  stateDict(): Record<string, Variable> {
    return Object.fromEntries(variablesOf(this, true))
  }

  /**
   * Assigns parameters and buffers by path. With `strict: false`, entries that are missing here or there are left out and returned.
   *
   * @throws StateDictError listing every entry that is missing, unexpected, or of another shape or kind of dtype; then nothing was loaded.
   */
  loadStateDict(state: Readonly<Record<string, Tensor>>, options: LoadOptions = {}): LoadReport {
    return loadState(this, state, options)
  }

  /** The tree of modules, as PyTorch prints it. */
  toString(): string {
    const lines = fieldsOf(this).children.map(([name, child]) => `(${name}): ${child.toString()}`)
    const extra = this.extraRepr()
    if (lines.length === 0) return `${this.constructor.name}(${extra})`
    const body = (extra ? [extra, ...lines] : lines).join('\n').replaceAll('\n', '\n  ')
    return `${this.constructor.name}(\n  ${body}\n)`
  }
}

/** A module from one tensor to one tensor: what `Sequential` chains. */
export type Layer = Module & { forward(x: Tensor): Tensor }
