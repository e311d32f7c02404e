import { type Tensor, Variable, type VariableOptions } from '@tenon/tensor'

const parameterBrand: symbol = Symbol.for('tenon.nn.Parameter')

/** Options of `Parameter`. */
export interface ParameterOptions extends VariableOptions {
  /** Default true. */
  readonly requiresGrad?: boolean
}

/**
 * A Variable that is learned: it has a gradient after `backward`, and `module.parameters()` lists it. A Variable that is no
 * Parameter is a buffer: saved with the module, and changed by `assign` alone.
 * PyTorch: `torch.nn.Parameter`.
 */
export class Parameter extends Variable {
  static {
    Object.defineProperty(this.prototype, parameterBrand, { value: true })
  }

  constructor(initial: Tensor, options: ParameterOptions = {}) {
    super(initial, options)
    this.requiresGrad = options.requiresGrad ?? true
  }
}

/** Whether it is a `Parameter`, of this copy of the package or of another. */
export const isParameter = (variable: Variable): variable is Parameter => parameterBrand in variable
