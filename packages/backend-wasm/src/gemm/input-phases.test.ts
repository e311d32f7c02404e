import { type Convolution, ExprPool, rebuild, type SpatialAxis } from '@tenon/kernel'
import { expect, test } from 'vitest'
import { splitByPhase } from './input-phases.ts'

/** Of one axis, with weights and outputs numbered from 0. */
function convolution(axis: SpatialAxis): Convolution {
  const pool = new ExprPool()
  return {
    kind: 'convolution',
    dtype: 'float32',
    buffers: [axis.input, axis.kernel, axis.output].map((length) => ({ dtype: 'float32', length })),
    scalars: [],
    batch: 1,
    groups: 1,
    inChannels: 1,
    outChannels: 1,
    spatial: [axis],
    x: { buffer: 0, offset: 0, batch: 0, group: 0, channel: 0, spatial: [1] },
    w: { buffer: 1, offset: 0, group: 0, out: 0, in: 0, spatial: [1] },
    stores: [{ kind: 'store', extents: [], buffer: 2, index: pool.index(3, axis.output), value: pool.register('float32', 0) }],
  }
}

/** Which output is the sum of which products, as texts: by the definition of `SpatialAxis`. */
function productsOf({ spatial, w, stores }: Convolution): string[] {
  const [axis] = spatial as [SpatialAxis]
  const pool = new ExprPool()
  const { terms, constant } = pool.linear(rebuild(pool)(stores[0]!.index))
  const factor = [...terms][0]?.[1] ?? 0
  const found: string[] = []
  for (let o = 0; o < axis.output; o++) {
    const output = o * factor + constant
    found.push(`output ${output}`)
    for (let tap = 0; tap < axis.kernel; tap++) {
      const place = (o * axis.stride + tap * axis.dilation - axis.padLow) / axis.inputDilation
      if (Number.isInteger(place) && place >= 0 && place < axis.input) found.push(`${output}: x${place} w${w.offset + tap * w.spatial[0]!}`)
    }
  }
  return found.sort()
}

test('phases have the products of the whole, and no dilated inputs', () => {
  const upTo = (most: number): number[] => Array.from({ length: most }, (_, i) => i + 1)
  for (const stride of upTo(3)) {
    for (const dilation of upTo(4)) {
      for (const inputDilation of upTo(4)) {
        for (const kernel of upTo(5)) {
          for (const padLow of [-2, -1, 0, 1, 4]) {
            for (const output of [1, 3, 10]) {
              const whole = convolution({ input: 5, kernel, output, stride, dilation, inputDilation, padLow })
              const phases = splitByPhase(whole)
              expect(phases.flatMap(productsOf).sort()).toEqual(productsOf(whole))
              for (const phase of phases)
                expect(phase.spatial[0]).toMatchObject({ inputDilation: 1, padLow: expect.toSatisfy(Number.isInteger) })
            }
          }
        }
      }
    }
  }
})
