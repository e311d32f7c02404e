import { ones, type Tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { Linear, Module, ModuleDict, ModuleList, ReLU } from './index.ts'

describe('ModuleList', () => {
  class Net extends Module {
    readonly blocks: ModuleList<Linear> = new ModuleList(Array.from({ length: 3 }, () => new Linear(2, 2)))

    forward(x: Tensor): Tensor {
      let y = x
      for (const block of this.blocks) y = block.forward(y)
      return y
    }
  }

  it('is a list whose modules have paths', () => {
    const net = new Net()
    expect(net.blocks.length).toBe(3)
    expect(net.blocks[2]).toBeInstanceOf(Linear)
    expect(Object.keys(net.stateDict())).toEqual([0, 1, 2].flatMap((i) => [`blocks.${i}.weight`, `blocks.${i}.bias`]))
    expect(net.forward(ones([1, 2])).shape).toEqual([1, 2])
    expect(net.blocks.append(new Linear(2, 5))[3]!.outFeatures).toBe(5)
    expect(() => net.forward(zeros([1, 3]))).toThrow('blocks.0.weight expects 2 input features, got [1, 3]')
  })

  it('prints itself, and reaches its modules with eval()', () => {
    const list = new ModuleList<Module>([new ReLU()])
    expect(String(list)).toBe('ModuleList(\n  (0): ReLU()\n)')
    expect(list.eval()[0]!.training).toBe(false)
    expect(String(new ModuleList())).toBe('ModuleList()')
  })

  it('refuses what is no module, and to be called', () => {
    expect(() => new ModuleList([new ReLU(), 3 as never])).toThrow('ModuleList takes modules, element 1 is number')
    expect(() => new ModuleList().append(null as never)).toThrow('element 0 is null')
    expect(() => new ModuleList().forward()).toThrow('ModuleList has no forward of its own')
  })
})

describe('ModuleDict', () => {
  const heads = (): ModuleDict<{ left: Linear; right: ReLU }> => new ModuleDict({ left: new Linear(2, 1), right: new ReLU() })

  it('holds modules by name, typed by it', () => {
    const dict = heads()
    expect(dict.get('left').outFeatures).toBe(1)
    expect(dict.has('left')).toBe(true)
    expect(dict.has('middle')).toBe(false)
    expect(dict.has('training')).toBe(false)
    expect(dict.keys()).toEqual(['left', 'right'])
    expect(dict.values().map(String)).toEqual(['Linear(inFeatures=2, outFeatures=1, bias=true)', 'ReLU()'])
    expect(dict.entries().map(([name]) => name)).toEqual(['left', 'right'])
    expect(Object.keys(dict.stateDict())).toEqual(['left.weight', 'left.bias'])
    expect(dict.set('left', new Linear(2, 7)).get('left').outFeatures).toBe(7)
    expect(String(dict)).toMatch(/^ModuleDict\(\n {2}\(left\): Linear/)
  })

  it('refuses unknown names, names that it cannot have, and to be called', () => {
    expect(() => heads().get('middle' as 'left')).toThrow("ModuleDict has no 'middle', only left, right")
    for (const name of ['', 'a.b', 'forward', 'training', 'get']) {
      expect(() => new ModuleDict({ [name]: new ReLU() })).toThrow(`'${name}' cannot be the name of a module`)
    }
    expect(() => new ModuleDict({ a: 3 as never })).toThrow("ModuleDict takes modules, 'a' is number")
    expect(() => heads().forward()).toThrow('ModuleDict has no forward of its own')
  })
})
