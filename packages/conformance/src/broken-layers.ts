/** Layers with one mistake each, run by describe-layer.test.ts. Not a test file of its own: everything in it is to fail. */
import { Linear, Module, Parameter } from '@tenon/nn'
import { ones, rand, type Tensor, tensor, Variable, zeros } from '@tenon/tensor'
import { describeLayer } from '@tenon/testing'

abstract class Scale extends Module {
  readonly weight: Parameter = new Parameter(ones([3]))
}

class StopsTheGradient extends Scale {
  forward(x: Tensor): Tensor {
    return x.mul(this.weight).add(x.detach())
  }
}

class CountsOutsideOfTheGraph extends Scale {
  #calls = 0

  forward(x: Tensor): Tensor {
    this.#calls += 1
    return x.mul(this.weight).add(this.training ? this.#calls : 0)
  }
}

class ChangesInEval extends Scale {
  readonly calls: Variable = new Variable(zeros([]))

  forward(x: Tensor): Tensor {
    this.calls.assign(this.calls.add(1))
    return x.mul(this.weight).mul(this.calls)
  }
}

class HidesState extends Scale {
  readonly #shift = new Variable(rand([3]))

  forward(x: Tensor): Tensor {
    return x.mul(this.weight).add(this.#shift)
  }
}

class HasAnIdleParameter extends Scale {
  readonly bias: Parameter = new Parameter(zeros([3]))

  forward(x: Tensor): Tensor {
    return x.mul(this.weight)
  }
}

class TakesAnything extends Scale {
  forward(x: Tensor): Tensor {
    return x.mul(this.weight.sum())
  }
}

class PrintsNonsense extends Scale {
  forward(x: Tensor): Tensor {
    return x.mul(this.weight)
  }

  override extraRepr(): string {
    return `size=${(this as unknown as { size?: number }).size}`
  }
}

const inputs = [tensor([1, -2, 3, 0.5, 0.1, -0.7], [2, 3])]
const refuses = [[zeros([2, 4])]]

describeLayer('StopsTheGradient', { make: () => new StopsTheGradient(), inputs, refuses })
describeLayer('CountsOutsideOfTheGraph', { make: () => new CountsOutsideOfTheGraph(), inputs, refuses })
describeLayer('ChangesInEval', { make: () => new ChangesInEval(), inputs, refuses })
describeLayer('HidesState', { make: () => new HidesState(), inputs, refuses })
describeLayer('HasAnIdleParameter', { make: () => new HasAnIdleParameter(), inputs, refuses })
describeLayer('TakesAnything', { make: () => new TakesAnything(), inputs, refuses })
describeLayer('PrintsNonsense', { make: () => new PrintsNonsense(), inputs, refuses })
describeLayer('AnsweredOtherwise', {
  make: () => new Linear(3, 1),
  inputs,
  torch: { state: { weight: [1, 0, 0], bias: [0] }, eval: { 'output 0': [1, 0.25] } },
})
