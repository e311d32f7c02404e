import { full, relu, ShapeError, type Tensor, tensor, Variable, zeros } from '@tenon/tensor'
import { describe, expect, it, vi } from 'vitest'
import { BatchNorm2d, Conv2d, Dropout, Flatten, Linear, MaxPool2d, Module, modulePath, Parameter, ReLU, Sequential } from './index.ts'

class Block extends Module {
  readonly fc: Linear
  readonly scale: Parameter = new Parameter(full([], 2))

  constructor(size: number) {
    super()
    this.fc = new Linear(size, size)
  }

  forward(x: Tensor): Tensor {
    return relu(this.fc.forward(x)).mul(this.scale)
  }
}

class Net extends Module {
  readonly blocks: Block[] = [new Block(4), new Block(4)]
  readonly heads: Record<'mean' | 'spread', Linear> = { mean: new Linear(4, 1), spread: new Linear(4, 1) }
  readonly steps: Variable = new Variable(full([], 0, { dtype: 'int32' }))
  readonly bias: Parameter = new Parameter(zeros([4]))
  readonly config: { readonly sizes: readonly number[]; readonly label: string } = { sizes: [1, 2, 3], label: 'net' }
  readonly #cache: Variable = new Variable(zeros([4]))

  forward(x: Tensor): { mean: Tensor; spread: Tensor } {
    let y = x.add(this.bias).add(this.#cache)
    for (const block of this.blocks) y = block.forward(y)
    return { mean: this.heads.mean.forward(y), spread: this.heads.spread.forward(y) }
  }
}

const names = (entries: readonly (readonly [string, unknown])[]): string[] => entries.map(([name]) => name)

describe('what a module holds', () => {
  it('finds parameters in fields, arrays and plain objects, its own before those of its children', () => {
    expect(names(new Net().namedParameters())).toEqual([
      'bias',
      'blocks.0.scale',
      'blocks.0.fc.weight',
      'blocks.0.fc.bias',
      'blocks.1.scale',
      'blocks.1.fc.weight',
      'blocks.1.fc.bias',
      'heads.mean.weight',
      'heads.mean.bias',
      'heads.spread.weight',
      'heads.spread.bias',
    ])
  })

  it('calls a Variable that is no Parameter a buffer, and leaves #private ones alone', () => {
    expect(names(new Net().namedBuffers())).toEqual(['steps'])
  })

  it('lists modules and children with PyTorch’s paths', () => {
    const net = new Net()
    expect(names(net.namedModules())).toEqual(['', 'blocks.0', 'blocks.0.fc', 'blocks.1', 'blocks.1.fc', 'heads.mean', 'heads.spread'])
    expect(names(net.namedChildren())).toEqual(['blocks.0', 'blocks.1', 'heads.mean', 'heads.spread'])
  })

  it('lists a shared parameter once, and saves it under each path', () => {
    class Tied extends Module {
      readonly a: Linear = new Linear(2, 2)
      readonly b: Linear = this.a
      readonly again: Parameter = this.a.weight

      forward(x: Tensor): Tensor {
        return this.b.forward(this.a.forward(x))
      }
    }
    const tied = new Tied()
    expect(names(tied.namedParameters())).toEqual(['again', 'a.bias'])
    expect(names(tied.namedModules())).toEqual(['', 'a'])
    expect(Object.keys(tied.stateDict())).toEqual(['again', 'a.weight', 'a.bias', 'b.weight', 'b.bias'])
  })

  it('survives a module that points back at its parent', () => {
    class Child extends Module {
      parent: Module | null = null
      forward(x: Tensor): Tensor {
        return x
      }
    }
    const child = new Child()
    const parent = new Sequential(child, new Linear(2, 2))
    child.parent = parent
    expect(names(parent.namedParameters())).toEqual(['1.weight', '1.bias'])
    expect(Object.keys(parent.stateDict())).toEqual(['1.weight', '1.bias'])
  })

  it('names variables by their longest path, for errors, and keeps a name that was given', () => {
    const block = new Block(2)
    block.namedParameters()
    expect(block.fc.weight.name).toBe('fc.weight')
    const net = new Sequential(block)
    net.namedParameters()
    expect(block.fc.weight.name).toBe('0.fc.weight')
    const named = new Parameter(zeros([1]), { name: 'mine' })
    Object.assign(net, { named }) as Module
    net.namedParameters()
    expect(named.name).toBe('mine')
  })

  it('recognises the modules and variables of another installed copy', async () => {
    vi.resetModules()
    const other = await import('./index.ts')
    expect(other.Linear).not.toBe(Linear)
    const net = new Sequential(new Linear(3, 4), new other.Linear(4, 2) as unknown as Linear)
    expect(names(net.namedParameters())).toEqual(['0.weight', '0.bias', '1.weight', '1.bias'])
    expect(net.eval()[1]?.training).toBe(false)
    expect(() => new Sequential(new Identity4(), ...[net[1]!]).forward(zeros([1, 3]))).toThrow(
      '1.weight expects 4 input features, got [1, 3]',
    )
  })
})

class Identity4 extends Module {
  forward(x: Tensor): Tensor {
    return x
  }
}

describe('paths in errors', () => {
  it('name the layer whose weight does not fit', () => {
    const net = new Sequential(new Sequential(new Conv2d(1, 8, 3), new ReLU(), new MaxPool2d(2), new Conv2d(32, 8, 3)), new Flatten())
    expect(() => net.forward(zeros([8, 1, 30, 30]))).toThrow('0.3.weight expects 32 input channels, got [8, 8, 14, 14]')
    expect(() => net.forward(zeros([8, 1, 30, 30]))).toThrow(ShapeError)
  })

  it('name the class where the layer stands alone', () => {
    expect(() => new Linear(4, 2).forward(zeros([3, 5]))).toThrow('Linear.weight expects 4 input features, got [3, 5]')
  })

  it('are added to errors of ops, once, and to the stack that Node prints', () => {
    class Wrong extends Module {
      forward(x: Tensor): Tensor {
        return x.add(zeros([7]))
      }
    }
    class Outer extends Module {
      readonly parts: Module[] = [new Wrong()]
      forward(x: Tensor): Tensor {
        return (this.parts[0] as Wrong).forward(x)
      }
    }
    let caught: unknown
    try {
      new Outer().forward(zeros([3]))
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(ShapeError)
    const { message, stack } = caught as Error
    expect(message.match(/\(in .*?\)/g)).toEqual(['(in parts.0)'])
    expect(stack).toContain(message)
  })

  it('find a layer that was put in after the first call', () => {
    class Growing extends Module {
      head: Linear = new Linear(4, 2)
      forward(x: Tensor): Tensor {
        return this.head.forward(x)
      }
    }
    const net = new Growing()
    net.forward(zeros([1, 4]))
    net.head = new Linear(5, 2)
    expect(() => net.forward(zeros([1, 4]))).toThrow('head.weight expects 5 input features')
  })

  it('start anew after an error', () => {
    const net = new Sequential(new Linear(4, 2))
    expect(() => net.forward(zeros([1, 3]))).toThrow('0.weight')
    expect(() => new Linear(4, 2).forward(zeros([1, 3]))).toThrow('Linear.weight')
    expect(modulePath(net)).toBe('Sequential')
  })
})

describe('modes', () => {
  it('train and eval reach all modules below', () => {
    const net = new Sequential(new Dropout(), new Sequential(new BatchNorm2d(3)))
    const modes = (): boolean[] => net.namedModules().map(([, module]) => module.training)
    expect(modes()).toEqual([true, true, true, true])
    expect(net.eval()).toBe(net)
    expect(modes()).toEqual([false, false, false, false])
    net.train()
    expect(modes()).toEqual([true, true, true, true])
  })

  it('requiresGrad freezes parameters, and buffers never ask for a gradient', () => {
    const net = new Sequential(new Conv2d(1, 2, 3), new BatchNorm2d(2))
    expect(net.parameters().every((parameter) => parameter.requiresGrad)).toBe(true)
    expect(net.namedBuffers().some(([, buffer]) => buffer.requiresGrad)).toBe(false)
    net.requiresGrad(false)
    expect(net.parameters().some((parameter) => parameter.requiresGrad)).toBe(false)
  })
})

describe('toString', () => {
  it('prints the tree as PyTorch does', () => {
    const net = new Sequential(
      new Conv2d(1, 16, 3, { padding: 1, bias: false }),
      new BatchNorm2d(16),
      new ReLU(),
      new Sequential(new MaxPool2d(2), new Dropout(0.1)),
      new Flatten(),
      new Linear(3136, 10),
    )
    expect(net.toString()).toBe(
      `Sequential(
  (0): Conv2d(1, 16, kernelSize=[3, 3], stride=[1, 1], padding=[1, 1], bias=false)
  (1): BatchNorm2d(16, eps=0.00001, momentum=0.1, affine=true, trackRunningStats=true)
  (2): ReLU()
  (3): Sequential(
    (0): MaxPool2d(kernelSize=[2, 2], stride=[2, 2], padding=[0, 0], dilation=[1, 1])
    (1): Dropout(p=0.1)
  )
  (4): Flatten(startDim=1, endDim=-1)
  (5): Linear(inFeatures=3136, outFeatures=10, bias=true)
)`,
    )
  })
})

describe('forward', () => {
  it('keeps the types of the class', async () => {
    const { mean } = new Net().forward(tensor([[1, 2, 3, 4]]))
    expect(mean.shape).toEqual([1, 1])
  })

  it('may call that of the parent class', async () => {
    class Doubled extends Linear {
      override forward(x: Tensor): Tensor {
        return super.forward(x).mul(2)
      }
    }
    const layer = new Doubled(1, 1, { bias: false })
    layer.weight.assign(3)
    expect(await layer.forward(tensor([[1]])).toArray()).toEqual([[6]])
  })
})
