import { backward, detectAnomaly } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import {
  AnomalyError,
  counters,
  currentBackend,
  jit,
  log,
  moduleScope,
  realize,
  sqrt,
  type Tensor,
  tensor,
  UnsupportedError,
  useBackend,
  Variable,
  where,
} from '@tenon/tensor'
import { describe, expect, test } from 'vitest'

function parameter(values: number[], name: string): Variable {
  const variable = new Variable(tensor(values), { name })
  variable.requiresGrad = true
  return variable
}

/** The message that a NaN gets; fails if there is none. */
async function anomaly(fn: () => unknown): Promise<string> {
  const error = await detectAnomaly(async () => fn()).then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AnomalyError)
  return (error as AnomalyError).message
}

const logOf = (x: Tensor): Tensor => log(x) // a line to be named
const rootOf = (x: Tensor): Tensor => sqrt(x)

describe('detectAnomaly', () => {
  test('names the first op that made a NaN, its module and the line that called it', async () => {
    const x = tensor([1, -1])
    const message = await anomaly(() => moduleScope('head.2', () => logOf(x).mul(2).add(1).sum()).item())
    expect(message).toMatch(/^NaN first appears in log float32 \[2\] in module head\.2, made of inputs without NaN\. It was called here:/)
    expect(message.split('\n')[1]).toMatch(/logOf .*autograd-anomaly\.test\.ts:\d+:\d+/)
  })

  test('names the forward op whose gradient made a NaN', async () => {
    const w = parameter([0, 4], 'w')
    const message = await anomaly(async () => {
      const loss = moduleScope('norm', () => rootOf(w))
        .mul(tensor([0, 1]))
        .sum()
      backward(loss)
      expect(await loss.item()).toBe(2)
      await w.grad!.data()
    })
    expect(message).toMatch(
      /^NaN first appears on the way back, in the gradient of sqrt float32 \[2\] in module norm: in div float32 \[2\]/,
    )
    expect(message.split('\n')[1]).toMatch(/rootOf .*autograd-anomaly\.test\.ts/)
  })

  test('throws before an assign of a NaN', async () => {
    const w = parameter([1, -1], 'w')
    realize()
    const message = await anomaly(() => {
      w.assign(sqrt(w))
      realize()
    })
    expect(message).toMatch(/first appears in sqrt float32 \[2\]/)
    expect(Array.from(await w.data())).toEqual([1, -1])
  })

  test('says when a NaN came in with the data, with a Variable, or as a number', async () => {
    const data = await anomaly(() => tensor([NaN]).mul(2).item())
    expect(data).toMatch(
      /^NaN comes in with a tensor made of given values float32 \[1\]; it is first used by mul float32 \[1\], called here:\n.*anomaly\.test/,
    )
    const w = parameter([NaN], 'conv1.weight')
    realize()
    expect(await anomaly(() => w.add(1).item())).toMatch(/^NaN comes in with "conv1\.weight" float32 \[1\]; it is first used by add/)
    expect(await anomaly(() => tensor([1]).mul(NaN).item())).toMatch(/^NaN comes in with a number/)
  })

  test('says when a NaN was there before it began', async () => {
    const y = log(tensor([-1]))
    realize(y)
    expect(await anomaly(() => y.add(1).item())).toMatch(/^NaN was there before: in log float32 \[1\]; it is first used by add/)
  })

  test('leaves alone a NaN that no result holds, and results that are fine', async () => {
    const x = tensor([-1, Math.E])
    const y = await detectAnomaly(async () => where(x.gt(0), log(x), 0).data())
    expect(y[1]).toBeCloseTo(1)
    expect(detectAnomaly(() => x.mul(2).dataSync()[0])).toBe(-2)
  })

  test('changes neither values nor gradients, and ends with its function', async () => {
    const step = async (): Promise<number[]> => {
      const w = parameter([1, 2], 'w')
      const loss = w.mul(w).sum()
      backward(loss)
      w.assign(w.sub(w.grad!.mul(0.1)))
      return [await loss.item(), ...(await w.data())]
    }
    const plain = await step()
    expect(await detectAnomaly(step)).toEqual(plain)
    await expect(
      detectAnomaly(async () => {
        throw new Error('other')
      }),
    ).rejects.toThrow('other')
    const { runs } = counters
    expect(await log(tensor([-1])).item()).toBeNaN()
    expect(counters.runs).toBe(runs + 1)
  })

  test('looks into jitted functions', async () => {
    const step = jit((x: Tensor) => log(x).sum())
    await step(tensor([1, 2])).item()
    expect(await anomaly(() => step(tensor([-1, 2])).item())).toMatch(/first appears in log float32 \[2\]/)
  })

  test('waits for a backend that can only be read asynchronously, and refuses a synchronous function there', async () => {
    const before = currentBackend()
    const { readSync: _, ...rest } = cpu()
    await useBackend(rest)
    try {
      expect(await anomaly(() => log(tensor([-1])).item())).toMatch(/first appears in log/)
      expect(() => detectAnomaly(() => realize(log(tensor([-1]))))).toThrow(UnsupportedError)
    } finally {
      await useBackend(before)
    }
  })
})
