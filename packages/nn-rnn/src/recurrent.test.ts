import { counters, full, jit, manualSeed, ones, randn, type Tensor, tensor, zeros } from '@tenon/tensor'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { GRU, GRUCell, LSTM, LSTMCell, type RecurrentOptions, RNN, RNNCell } from './index.ts'

const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data())
const close = (list: readonly number[]): number[] => list.map((value) => expect.closeTo(value, 5) as number)
const int32 = (...list: number[]): Tensor => tensor(Int32Array.from(list))

const kinds = { RNN, LSTM, GRU }
type Kind = keyof typeof kinds

/** Output, and the parts of the final state; of every kind in the same form. */
function run(layer: RNN | LSTM | GRU, x: Tensor, state: readonly Tensor[] = [], options = {}): { output: Tensor; state: Tensor[] } {
  if (!(layer instanceof LSTM)) {
    const result = layer.forward(x, state[0], options)
    return { output: result.output, state: [result.state] }
  }
  const result = layer.forward(x, state.length > 0 ? { h: state[0]!, c: state[1]! } : null, options)
  return { output: result.output, state: [result.state.h, result.state.c] }
}

beforeEach(() => manualSeed(1))

describe.each(Object.keys(kinds) as Kind[])('%s', (kind) => {
  const make = (options: RecurrentOptions = {}): RNN | LSTM | GRU => new kinds[kind](3, 4, options)
  const parts = kind === 'LSTM' ? 2 : 1
  const shapes = ({ output, state }: { output: Tensor; state: Tensor[] }): (readonly number[])[] => [
    output.shape,
    ...state.map((s) => s.shape),
  ]

  it.each<[string, RecurrentOptions, number[], number[], number[]]>([
    ['a batch', {}, [5, 2, 3], [5, 2, 4], [1, 2, 4]],
    ['layers and directions', { numLayers: 3, bidirectional: true }, [5, 2, 3], [5, 2, 8], [6, 2, 4]],
    ['batchFirst', { batchFirst: true }, [2, 5, 3], [2, 5, 4], [1, 2, 4]],
    ['one sequence', { numLayers: 2 }, [5, 3], [5, 4], [2, 4]],
    ['one sequence with batchFirst', { batchFirst: true }, [5, 3], [5, 4], [1, 4]],
    ['one step', { bidirectional: true }, [1, 2, 3], [1, 2, 8], [2, 2, 4]],
    ['a batch of one', {}, [5, 1, 3], [5, 1, 4], [1, 1, 4]],
    ['an empty batch', { numLayers: 2, bidirectional: true }, [5, 0, 3], [5, 0, 8], [4, 0, 4]],
  ])('has the shapes of PyTorch: %s', async (_, options, input, output, state) => {
    const result = run(make(options), randn(input))
    expect(shapes(result)).toEqual([output, ...Array(parts).fill(state)])
    for (const x of [result.output, ...result.state]) expect((await values(x)).every(Number.isFinite)).toBe(true)
  })

  it('is its cell, step by step', async () => {
    const layer = make()
    const cell = new { RNN: RNNCell, LSTM: LSTMCell, GRU: GRUCell }[kind](3, 4)
    cell.loadStateDict(Object.fromEntries(Object.entries(layer.stateDict()).map(([name, value]) => [name.replace('L0', ''), value])))
    const x = randn([3, 2, 3])
    const { output, state } = run(layer, x)
    let carry: Tensor[] = []
    for (let t = 0; t < 3; t++) {
      const input = x.select(0, t)
      if (cell instanceof LSTMCell) {
        const { h, c }: { h: Tensor; c: Tensor } = cell.forward(input, t === 0 ? null : { h: carry[0]!, c: carry[1]! })
        carry = [h, c]
      } else carry = [cell.forward(input, carry[0])]
      expect(await values(output.select(0, t))).toEqual(close(await values(carry[0]!)))
    }
    for (const [k, part] of carry.entries()) expect(await values(state[k]!)).toEqual(close(await values(part)))
  })

  it('gives one sequence what it gives a batch of one', async () => {
    const layer = make({ numLayers: 2, bidirectional: true })
    const x = randn([4, 3])
    const state = Array.from({ length: parts }, () => randn([4, 4]))
    const [one, batch] = [
      run(layer, x, state),
      run(
        layer,
        x.unsqueeze(1),
        state.map((s) => s.unsqueeze(1)),
      ),
    ]
    expect(await values(one.output)).toEqual(await values(batch.output))
    expect(await Promise.all(one.state.map(values))).toEqual(await Promise.all(batch.state.map(values)))
  })

  it('goes on from a state as if the sequence had not been cut', async () => {
    const layer = make({ numLayers: 2 })
    const x = randn([6, 2, 3])
    const whole = run(layer, x)
    const first = run(layer, x.slice(0, 0, 4))
    const second = run(layer, x.slice(0, 4), first.state)
    expect(await values(second.output)).toEqual(close(await values(whole.output.slice(0, 4))))
    expect(await values(second.state[parts - 1]!)).toEqual(close(await values(whole.state[parts - 1]!)))
  })

  describe('with lengths', () => {
    const lengths = [2, 4, 1]
    const padded = (padding = 0): Tensor => {
      manualSeed(3)
      const x = randn([4, 3, 3])
      const has = tensor([...Array(4).keys()].map((t) => lengths.map((length) => t < length))).unsqueeze(2)
      return x.mul(has.cast('float32')).add(has.cast('float32').neg().add(1).mul(padding))
    }

    it('gives each sequence what it gets alone, from both ends, and zeros beyond', async () => {
      const layer = make({ numLayers: 2, bidirectional: true })
      const { output, state } = run(layer, padded(7), [], { lengths })
      for (const [b, length] of lengths.entries()) {
        const alone = run(layer, padded().select(1, b).slice(0, 0, length))
        expect(await values(output.select(1, b).slice(0, 0, length))).toEqual(close(await values(alone.output)))
        expect(new Set(await values(output.select(1, b).slice(0, length)))).toEqual(new Set(length < 4 ? [0] : []))
        for (const [k, part] of alone.state.entries()) expect(await values(state[k]!.select(1, b))).toEqual(close(await values(part)))
      }
    })

    it('takes them as an int32 tensor, which may change under jit', async () => {
      const layer = make({ bidirectional: true, batchFirst: true })
      const x = padded().transpose(0, 1)
      const step = jit((input: Tensor, ends: Tensor) => run(layer, input, [], { lengths: ends }).output)
      const wanted = await values(run(layer, x, [], { lengths }).output)
      expect(await values(run(layer, x, [], { lengths: int32(...lengths) }).output)).toEqual(wanted)
      step(x, int32(4, 4, 4))
      const { plans } = counters
      expect(await values(step(x, int32(...lengths)))).toEqual(close(wanted))
      expect(counters.plans).toBe(plans)
    })

    it('takes those that are not known yet as less than one step and as all steps where they are out of range', async () => {
      const layer = make({ bidirectional: true })
      const { output, state } = run(layer, padded(), [], { lengths: int32(4, 8, -1).add(1) })
      const full = run(layer, padded())
      for (const b of [0, 1]) expect(await values(output.select(1, b))).toEqual(close(await values(full.output.select(1, b))))
      expect(new Set([...(await values(output.select(1, 2))), ...(await values(state[0]!.select(1, 2)))])).toEqual(new Set([0]))
    })

    it('refuses those that cannot be', () => {
      const layer = make()
      const attempt =
        (given: readonly number[] | Tensor, x = padded()) =>
        () =>
          run(layer, x, [], { lengths: given })
      expect(attempt([2, 5, 1])).toThrow(RangeError)
      expect(attempt([2, 5, 1])).toThrow(`${kind} expects lengths between 1 and the 4 steps of the input, got 5 for sequence 1`)
      expect(attempt([2, 4, 0])).toThrow('got 0 for sequence 2')
      expect(attempt([2, 1.5, 1])).toThrow('got 1.5 for sequence 1')
      expect(attempt(int32(2, 4, -1))).toThrow('got -1 for sequence 2')
      expect(attempt([2, 4])).toThrow(`${kind} expects one length for each of 3 sequences, got lengths of shape [2]`)
      expect(attempt(int32(2, 4, 1).unsqueeze(0))).toThrow('got lengths of shape [1, 3]')
      expect(attempt(tensor([2, 4, 1]))).toThrow("expects lengths as int32, got float32; cast them with x.cast('int32')")
      expect(attempt([2], zeros([4, 3]))).toThrow('takes lengths with a batch of sequences')
    })
  })

  it('says what it expected', () => {
    const layer = make({ numLayers: 2 })
    const forward =
      (x: unknown, ...state: unknown[]) =>
      () =>
        run(layer, x as Tensor, state as Tensor[])
    const states = (...shape: number[]): Tensor[] => Array.from({ length: parts }, () => zeros(shape))
    expect(forward(zeros([5, 2, 4]))).toThrow(`${kind} expects [T, B, 3] or [T, 3], got [5, 2, 4]`)
    expect(forward(zeros([3]))).toThrow(`${kind} expects [T, B, 3] or [T, 3], got [3]`)
    expect(() => run(make({ batchFirst: true }), zeros([2, 3, 5, 3]))).toThrow(`${kind} expects [B, T, 3] or [T, 3], got [2, 3, 5, 3]`)
    expect(forward(zeros([0, 2, 3]))).toThrow(`${kind} expects a sequence of at least one step, got [0, 2, 3]`)
    expect(() => run(make({ batchFirst: true }), zeros([2, 0, 3]))).toThrow('at least one step')
    expect(forward(zeros([5, 2, 3]), ...states(2, 3, 4))).toThrow(
      `${kind} expects the state h as [layers · directions, B, size] = [2, 2, 4], got [2, 3, 4]`,
    )
    expect(forward(zeros([5, 3]), ...states(2, 1, 4))).toThrow('the state h as [layers · directions, size] = [2, 4], got [2, 1, 4]')
    expect(forward([zeros([5, 3]), zeros([2, 3])])).toThrow(
      `${kind} expects one tensor, got 2 sequences; pad them with padSequence and pass { lengths: [5, 2] }`,
    )
    expect(forward(zeros([5, 2, 3], { dtype: 'float64' }))).toThrow(
      `${kind} has float32 weights, the input is float64; cast it with x.cast('float32')`,
    )
    expect(forward(zeros([5, 2, 3]), ...states(2, 2, 4).map((s) => s.cast('float64')))).toThrow('the state h is float64')
    expect(() => new kinds[kind](3, 0)).toThrow(`${kind}: hiddenSize is a whole number ≥ 1, got 0`)
    expect(() => make({ numLayers: 1.5 })).toThrow('numLayers is a whole number ≥ 1, got 1.5')
    expect(() => make({ dropout: 2, numLayers: 2 })).toThrow('a probability between 0 and 1, got 2')
  })

  it('computes in float64 where asked', () => {
    const result = run(make({ dtype: 'float64' }), zeros([2, 1, 3], { dtype: 'float64' }))
    expect([result.output, ...result.state].map((x) => x.dtype)).toEqual(Array(1 + parts).fill('float64'))
  })

  it('begins within ±1/√H, biases included, and repeats with the seed', async () => {
    const drawn = async (): Promise<number[]> => {
      manualSeed(5)
      const layer = new kinds[kind](3, 16, { numLayers: 2 })
      return (await Promise.all(layer.parameters().map(values))).flat()
    }
    const all = await drawn()
    expect(Math.max(...all)).toBeLessThan(0.25)
    expect(Math.min(...all)).toBeGreaterThan(-0.25)
    expect(Math.max(...all) - Math.min(...all)).toBeGreaterThan(0.48)
    expect(await drawn()).toEqual(all)
  })

  it('drops between layers while it trains, and nothing after the last', async () => {
    const layer = make({ numLayers: 2, dropout: 1 })
    const x = randn([3, 2, 3])
    const trained = await values(run(layer, x).output)
    const blind = await values(run(layer, x.mul(0)).output)
    expect(trained).toEqual(blind) // the second layer sees zeros only
    expect(trained.some((value) => value !== 0)).toBe(true)
    layer.eval()
    expect(await values(run(layer, x).output)).not.toEqual(trained)
  })

  it('says that dropout does nothing with one layer', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    try {
      make({ dropout: 0.5 })
      expect(warn.mock.calls).toEqual([[`${kind}: dropout acts between layers, and with numLayers=1 it does nothing`]])
    } finally {
      warn.mockRestore()
    }
  })
})

describe('names', () => {
  it('are those of PyTorch, in its order', () => {
    expect(Object.keys(new GRU(2, 3, { numLayers: 2, bidirectional: true }).stateDict())).toEqual(
      ['L0', 'L0Reverse', 'L1', 'L1Reverse'].flatMap((at) => [`weightIh${at}`, `weightHh${at}`, `biasIh${at}`, `biasHh${at}`]),
    )
    expect(Object.keys(new LSTM(2, 3, { projSize: 1, bias: false }).stateDict())).toEqual(['weightIhL0', 'weightHhL0', 'weightHrL0'])
  })

  it('have the shapes of PyTorch', () => {
    const shapes = new LSTM(2, 5, { projSize: 3, numLayers: 2, bidirectional: true }).stateDict()
    expect(Object.values(shapes).map(({ shape }) => shape)).toEqual([
      ...Array(2)
        .fill([[20, 2], [20, 3], [20], [20], [3, 5]])
        .flat(),
      ...Array(2)
        .fill([[20, 6], [20, 3], [20], [20], [3, 5]])
        .flat(),
    ])
  })

  it('are fields, typed', () => {
    expect(new RNN(2, 3).weightHhL0?.shape).toEqual([3, 3])
    expect(new RNN(2, 3, { bias: false }).biasIhL0).toBe(undefined)
  })
})

describe('LSTM', () => {
  it('takes its state as { h, c }', () => {
    const layer = new LSTM(3, 4)
    expect(() => layer.forward(zeros([2, 1, 3]), zeros([1, 1, 4]) as never)).toThrow('LSTM expects a tensor as state h, got undefined')
    expect(() => layer.forward(zeros([2, 1, 3]), { h: zeros([1, 1, 4]), c: zeros([1, 1, 3]) })).toThrow(
      'the state c as [layers · directions, B, size] = [1, 1, 4], got [1, 1, 3]',
    )
  })

  it('projects its output and its state h, not c', () => {
    const { output, state } = new LSTM(3, 4, { projSize: 2, bidirectional: true }).forward(ones([5, 1, 3]))
    expect([output.shape, state.h.shape, state.c.shape]).toEqual([
      [5, 1, 4],
      [2, 1, 2],
      [2, 1, 4],
    ])
    expect(() => new LSTM(3, 4, { projSize: 4 })).toThrow('projSize is a whole number below the hidden size 4, or 0 for none, got 4')
  })
})

describe('RNN', () => {
  it('is relu where asked, and has no other nonlinearity', async () => {
    const layer = new RNN(1, 1, { nonlinearity: 'relu', bias: false })
    layer.weightIhL0!.assign(1)
    layer.weightHhL0!.assign(2)
    expect(await values(layer.forward(tensor([[1], [-5], [3]])).output)).toEqual([1, 0, 3])
    expect(() => new RNN(1, 1, { nonlinearity: 'gelu' as never })).toThrow("RNN: nonlinearity is 'tanh' or 'relu', got 'gelu'")
  })
})

it('prints as in PyTorch', () => {
  const all = { numLayers: 2, bias: false, batchFirst: true, dropout: 0.5, bidirectional: true }
  expect(String(new LSTM(3, 4, { ...all, projSize: 2 }))).toBe(
    'LSTM(3, 4, projSize=2, numLayers=2, bias=false, batchFirst=true, dropout=0.5, bidirectional=true)',
  )
  expect(String(new GRU(3, 4))).toBe('GRU(3, 4)')
  expect(String(new RNN(3, 4, { nonlinearity: 'relu' }))).toBe('RNN(3, 4, nonlinearity=relu)')
})

it('saturated gates give no NaN', async () => {
  const layer = new LSTM(1, 1)
  for (const parameter of layer.parameters()) parameter.assign(1)
  const { output } = layer.forward(full([2, 2, 1], 1e4).mul(tensor([[1], [-1]])))
  expect((await values(output)).every(Number.isFinite)).toBe(true)
})
