import { manualSeed, randn, type Tensor, tensor, zeros } from '@tenon/tensor'
import { beforeEach, describe, expect, it } from 'vitest'
import { GRUCell, LSTMCell, RNNCell } from './index.ts'

const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data())

beforeEach(() => manualSeed(1))

describe('cells', () => {
  it('take a batch or one, and begin at zero', async () => {
    const x = randn([2, 3])
    for (const cell of [new RNNCell(3, 4), new GRUCell(3, 4)]) {
      const batch = cell.forward(x)
      expect(batch.shape).toEqual([2, 4])
      expect(await values(cell.forward(x.select(0, 1), zeros([4])))).toEqual(await values(batch.select(0, 1)))
      expect(cell.forward(zeros([0, 3])).shape).toEqual([0, 4])
    }
    const cell = new LSTMCell(3, 4)
    const batch = cell.forward(x)
    const one = cell.forward(x.select(0, 1), { h: zeros([4]), c: zeros([4]) })
    expect(await values(one.c)).toEqual(await values(batch.c.select(0, 1)))
    expect(await values(one.h)).toEqual(await values(batch.h.select(0, 1)))
  })

  it('keep a GRU’s state where its update gate is shut', async () => {
    const cell = new GRUCell(1, 1)
    for (const parameter of cell.parameters()) parameter.assign(0)
    cell.biasIh!.assign(tensor([0, 100, 0])) // r z n
    expect(await values(cell.forward(tensor([[3]]), tensor([[0.25]])))).toEqual([0.25])
  })

  it('have PyTorch’s names, and begin within ±1/√H', async () => {
    const cell = new LSTMCell(3, 16)
    expect(Object.entries(cell.stateDict()).map(([name, { shape }]) => [name, shape])).toEqual([
      ['weightIh', [64, 3]],
      ['weightHh', [64, 16]],
      ['biasIh', [64]],
      ['biasHh', [64]],
    ])
    const all = (await Promise.all(cell.parameters().map(values))).flat()
    expect(Math.max(...all.map(Math.abs))).toBeLessThan(0.25)
    expect(Math.max(...all.map(Math.abs))).toBeGreaterThan(0.24)
    expect(Object.keys(new GRUCell(3, 4, { bias: false }).stateDict())).toEqual(['weightIh', 'weightHh'])
  })

  it('say what they expected', () => {
    const cell = new GRUCell(3, 4)
    expect(() => cell.forward(zeros([2, 5]))).toThrow('GRUCell expects [B, 3] or [3], got [2, 5]')
    expect(() => cell.forward(zeros([1, 2, 3]))).toThrow('GRUCell expects [B, 3] or [3], got [1, 2, 3]')
    expect(() => cell.forward(zeros([2, 3]), zeros([4]))).toThrow('GRUCell expects the state h as [B, H] = [2, 4], got [4]')
    expect(() => cell.forward(zeros([3]), zeros([1, 4]))).toThrow('GRUCell expects the state h as [H] = [4], got [1, 4]')
    expect(() => cell.forward(zeros([2, 3], { dtype: 'int32' }))).toThrow('GRUCell has float32 weights, the input is int32')
    expect(() => new LSTMCell(3, 4).forward(zeros([2, 3]), { h: zeros([2, 4]) } as never)).toThrow('a tensor as state c, got undefined')
    expect(() => new RNNCell(0, 4)).toThrow('RNNCell: inputSize is a whole number ≥ 1, got 0')
    expect(() => new RNNCell(3, 4, { nonlinearity: 'sin' as never })).toThrow("RNNCell: nonlinearity is 'tanh' or 'relu', got 'sin'")
  })

  it('print as in PyTorch', () => {
    expect(String(new LSTMCell(3, 4))).toBe('LSTMCell(3, 4)')
    expect(String(new RNNCell(3, 4, { bias: false, nonlinearity: 'relu' }))).toBe('RNNCell(3, 4, bias=false, nonlinearity=relu)')
  })
})
