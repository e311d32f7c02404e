import { counters, jit, memory, type Tensor, tensor, Variable } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { EMA, OptimizerError, type ParameterList, SGD } from './index.ts'

const read = async (x: Tensor): Promise<number[]> => [...(await x.data())]
const make = (decay = 0.5): { weight: Variable; ema: EMA } => {
  const weight = new Variable(tensor([8, 0]))
  return { weight, ema: new EMA([['fc.weight', weight]], { decay }) }
}
const average = (ema: EMA): Variable => ema.stateDict().state['fc.weight']!

describe('EMA', () => {
  it('begins at the weights, and moves towards them', async () => {
    const { weight, ema } = make(0.75)
    expect(await read(average(ema))).toEqual([8, 0])
    weight.assign(tensor([0, 4]))
    ema.update()
    expect(await read(average(ema))).toEqual([6, 1])
    ema.update()
    expect(await read(average(ema))).toEqual([4.5, 1.75])
    expect(await read(weight)).toEqual([0, 4])
  })

  it('takes the step’s new weights inside of a jitted step too, in flat memory, planned once', async () => {
    const track = async (wrap: (step: (g: Tensor) => void) => (g: Tensor) => void): Promise<number[][]> => {
      const { weight, ema } = make(0.9)
      const optimizer = new SGD([weight], { lr: 0.1 })
      const step = wrap((g) => {
        weight.grad = g
        optimizer.step()
        ema.update()
      })
      let [held, plans] = [memory(), 0]
      for (let i = 0; i < 20; i++) {
        step(tensor([Math.sin(i), 1]))
        if (i === 5) [held, plans] = [memory(), counters.plans]
      }
      expect(memory()).toEqual(held)
      expect(counters.plans).toBe(plans)
      return [await read(weight), await read(average(ema))]
    }
    const [plain, captured] = [await track((step) => step), await track((step) => jit(step))]
    expect(captured).toEqual(plain)

    let [weight, shadow] = [8, 8]
    for (let i = 0; i < 20; i++) {
      weight -= 0.1 * Math.sin(i)
      shadow = 0.9 * shadow + 0.1 * weight
    }
    expect([plain[0]![0], plain[1]![0]]).toEqual([expect.closeTo(weight, 5), expect.closeTo(shadow, 5)])
  })

  it('lends its averages to the weights, and gives them back', async () => {
    const { weight, ema } = make()
    weight.assign(tensor([0, 4]))
    ema.update()
    const forward = jit((x: Tensor) => weight.mul(x))
    expect(await read(forward(tensor([1, 1])))).toEqual([0, 4])
    expect(await ema.with(async () => [await read(weight), await read(forward(tensor([1, 1])))])).toEqual([
      [4, 2],
      [4, 2],
    ])
    expect(ema.with(() => weight.dataSync()[0])).toBe(4)
    expect([await read(weight), await read(average(ema)), ema.swapped]).toEqual([[0, 4], [4, 2], false])
  })

  it('gives the weights back where the evaluation fails', async () => {
    const { weight, ema } = make()
    weight.assign(tensor([0, 4]))
    const fail = (): never => {
      throw new Error('no data')
    }
    expect(() => ema.with(fail)).toThrow('no data')
    await expect(ema.with(async () => fail())).rejects.toThrow('no data')
    expect([await read(weight), ema.swapped]).toEqual([[0, 4], false])
  })

  it('does nothing else while its averages are lent', () => {
    const { ema } = make()
    ema.swap()
    for (const use of [
      () => ema.update(),
      () => ema.stateDict(),
      () => ema.with(() => 0),
      () => ema.loadStateDict({ state: {}, decay: 0.5 }),
    ]) {
      expect(use).toThrow('was called while the averages are in the place of the weights; swap() back first')
    }
    ema.swap()
    expect(Object.keys(ema.stateDict().state)).toEqual(['fc.weight'])
  })

  it('goes on where another left off', async () => {
    const [one, other] = [make(), make()]
    one.weight.assign(tensor([0, 4]))
    one.ema.update()
    const saved = { state: { 'fc.weight': tensor(await average(one.ema).data()) }, decay: one.ema.stateDict().decay }
    other.ema.loadStateDict(saved)
    other.weight.assign(one.weight)
    for (const { ema } of [one, other]) ema.update()
    expect(await read(average(other.ema))).toEqual(await read(average(one.ema)))
  })

  it('lists everything that does not fit, and loads nothing then', async () => {
    const { ema } = make()
    const load = (): void => ema.loadStateDict({ state: { 'fc.weight': tensor([1]), bias: tensor([1]) }, decay: 0.9 })
    expect(load).toThrow(
      [
        'The state does not fit this EMA; nothing was loaded.',
        "  its decay is 0.9, and this one's 0.5",
        '  bias is unexpected',
        '  fc.weight is float32 [2], got float32 [1]',
      ].join('\n'),
    )
    expect(() => ema.loadStateDict({ state: {}, decay: 0.5 })).toThrow('fc.weight is missing')
    expect(await read(average(ema))).toEqual([8, 0])
  })

  it('takes over what is no float', async () => {
    const count = new Variable(tensor(Int32Array.of(1)))
    const ema = new EMA([['count', count]])
    count.assign(tensor(Int32Array.of(7)))
    ema.update()
    count.assign(tensor(Int32Array.of(9)))
    expect(await read(ema.stateDict().state['count']!)).toEqual([7])
  })

  it('refuses what makes no sense', () => {
    const { ema, weight } = make()
    expect(() => new EMA([])).toThrow('EMA got no parameters')
    expect(() => new EMA([weight], { decay: 1.5 })).toThrow('decay must be a number with 0 ≤ decay ≤ 1, got 1.5')
    expect(() => new EMA({} as ParameterList)).toThrow(OptimizerError)
    expect(jit(() => ema.swap())).toThrow('swap() was called inside of a jitted function')
  })
})
