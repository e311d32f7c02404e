/** Layers as a stranger might write them pass the suite: several inputs and outputs, options, state that is not saved, no dtype of their own. */
import { init, Linear, Module, Parameter, Sequential } from '@tenon/nn'
import { ones, rand, type Tensor, tanh, tensor, Variable, where, zeros } from '@tenon/tensor'
import { describeLayer } from '@tenon/testing'
import { backends } from './backends.ts'

/** A step of a recurrent network, by pairs and objects. */
class Cell extends Module {
  readonly gates: { input: Linear; hidden: Linear } = { input: new Linear(3, 4), hidden: new Linear(2, 4) }

  forward([x, { h, c }]: [Tensor, { h: Tensor; c: Tensor }], { scale }: { scale: number }): { h: Tensor; c: Tensor; heads: Tensor[] } {
    const z = this.gates.input.forward(x).add(this.gates.hidden.forward(h)) // [N, 4]
    const next = c.mul(scale).add(tanh(z.slice(1, 0, 2)))
    return { h: tanh(next).mul(z.slice(1, 2)), c: next, heads: [z.argmax(1)] }
  }
}

/** Adds a table that is the same for every model, and so not saved: made in the precision that is asked for. */
class Position extends Module {
  readonly scale: Parameter
  readonly #table: Tensor

  constructor(dtype: 'float32' | 'float64') {
    super()
    this.scale = new Parameter(ones([1], { dtype }))
    this.#table = tensor([0.1, 0.7, -0.4], [3], { dtype })
  }

  forward(x: Tensor): Tensor {
    return x.add(this.#table.mul(this.scale))
  }
}

/** Counts what it has seen, draws while training, and holds one Linear twice. */
class Busy extends Module {
  readonly seen: Variable = new Variable(zeros([], { dtype: 'int32' }))
  readonly shared: Linear = new Linear(3, 3)
  readonly twice: Sequential = new Sequential(this.shared, this.shared)

  constructor() {
    super()
    init.orthogonal(this.shared.weight)
  }

  forward(x: Tensor): Tensor {
    if (!this.training) return this.twice.forward(x)
    this.seen.assign(this.seen.add(1))
    return where(rand(x.shape).gt(0.3), this.twice.forward(x), 0)
  }
}

const x = tensor([0.3, -1.2, 0.8, 1.1, 0.4, -0.6], [2, 3])
const [h, c] = [tensor([0.5, -0.2, 0.1, 0.9], [2, 2]), tensor([-0.3, 0.6, 0.2, 0.8], [2, 2])]
const others = backends.filter(({ name }) => name !== 'cpu')

describeLayer('Cell', {
  make: () => new Cell(),
  inputs: [[x, { h, c }], { scale: 0.5 }],
  refuses: [[[x, { h: zeros([2, 3]), c }], { scale: 0.5 }]],
  backends: others,
})
describeLayer('Position', { make: (dtype) => new Position(dtype), inputs: [x], refuses: [[zeros([2, 2])]], backends: others })
describeLayer('Busy', { make: () => new Busy(), inputs: [x], refuses: [[zeros([2, 2])]], backends: others })
