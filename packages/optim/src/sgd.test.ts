import { tensor, Variable } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { SGD, type SGDOptions } from './index.ts'

const gradient = (step: number): number[] => [0, 1, 2].map((i) => Math.sin(3 * step + i) + 0.1 * i)

/** SGD as its docstring has it, on numbers. */
function reference(start: readonly number[], steps: number, options: SGDOptions): number[] {
  const { lr = 1e-3, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false } = options
  const p = [...start]
  const buffer: number[] = []
  for (let step = 0; step < steps; step++) {
    gradient(step).forEach((raw, i) => {
      const g = raw + weightDecay * p[i]!
      buffer[i] = step === 0 ? g : momentum * buffer[i]! + (1 - dampening) * g
      const direction = momentum === 0 ? g : nesterov ? g + momentum * buffer[i]! : buffer[i]!
      p[i] = p[i]! - lr * direction
    })
  }
  return p
}

describe('SGD', () => {
  const start = [1, -2, 0.5]

  // Five steps of torch.optim.SGD (1.13, float64), the gradient of element i at step k being sin(3k + i) + i / 10.
  it.each<[SGDOptions, number[]]>([
    [{ lr: 0.1 }, [1.02627499229, -2.11178010142, 0.306965145207]],
    [{ lr: 0.1, weightDecay: 0.5 }, [0.801404945223, -1.64608540987, 0.211204522318]],
    [{ lr: 0.1, momentum: 0.9 }, [1.00254520884, -2.33246346572, 0.0173469876375]],
    [{ lr: 0.1, momentum: 0.9, dampening: 0.3, weightDecay: 0.01 }, [0.991401624512, -2.32660598165, 0.0218363342409]],
    [{ lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01 }, [1.01195326483, -2.37498221467, -0.13262981715]],
  ])('with %o takes PyTorch’s steps', async (options, expected) => {
    const parameter = new Variable(tensor(Float64Array.from(start)))
    const optimizer = new SGD([parameter], options)
    for (let step = 0; step < 5; step++) {
      parameter.grad = tensor(Float64Array.from(gradient(step)))
      optimizer.step()
    }
    const found = [...(await parameter.data())]
    expect(found).toEqual(expected.map((value) => expect.closeTo(value, 10)))
    expect(found).toEqual(reference(start, 5, options).map((value) => expect.closeTo(value, 13)))
  })

  it('keeps no more than its options need', () => {
    const slots = (options: SGDOptions): string[] => Object.keys(new SGD([new Variable(tensor([1]))], options).stateDict().state)
    expect(slots({})).toEqual([])
    expect(slots({ momentum: 0.9 })).toEqual(['0.momentumBuffer'])
    expect(slots({ momentum: 0.9, dampening: 0.1 })).toEqual(['0.momentumBuffer', '0.step'])
  })

  it('refuses options that make no sense', () => {
    const make = (options: SGDOptions) => (): SGD => new SGD([new Variable(tensor([1]))], options)
    expect(make({ lr: -1 })).toThrow('SGD: lr must be a number ≥ 0, got -1')
    expect(make({ lr: Number.NaN })).toThrow('SGD: lr must be a number ≥ 0, got NaN')
    expect(make({ momentum: -0.1 })).toThrow('SGD: momentum must be a number ≥ 0')
    expect(make({ weightDecay: -0.1 })).toThrow('SGD: weightDecay must be a number ≥ 0')
    expect(make({ nesterov: true })).toThrow('nesterov needs a momentum above 0 and no dampening, got momentum 0, dampening 0')
    // @ts-expect-error: what the compiler sees first
    expect(make({ weight_decay: 0.1 })).toThrow(
      'SGD has no option weight_decay; it takes lr, momentum, dampening, weightDecay, nesterov, maximize',
    )
  })
})
