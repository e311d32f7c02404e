/** What composites become: the point of writing them in this form and not another. */
import { cpu } from '@tenon/backend-cpu'
import { describe, expect, test } from 'vitest'
import { snapshot } from '../graph.ts'
import { jit } from '../jit.ts'
import { plan } from '../plan.ts'
import type { Tensor } from '../tensor.ts'
import { adaptiveAvgPool1d, convTranspose2d, einsum, exp, interpolate, repeat, tensor, unfold } from './index.ts'

const host = (...shape: number[]): Tensor => {
  const size = shape.reduce((n, d) => n * d, 1)
  return tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i)),
    shape,
  )
}

/** The kernels that compute it, and the bytes of what they hand each other. */
function kernels(output: Tensor): { kinds: string[]; bytes: number } {
  const graph = snapshot([output.node])
  const { program } = plan(graph.items, [{ position: graph.position(output.node), over: null }], cpu().capabilities, () => false)
  return { kinds: program.steps.map((s) => (s.kind === 'run' ? s.kernel.kind : 'repeat')), bytes: program.arenaBytes }
}

describe('einsum', () => {
  test.each([
    [
      'ij,jk->ik',
      [
        [6, 8],
        [8, 5],
      ],
    ],
    [
      'ij,kj->ki',
      [
        [6, 8],
        [5, 8],
      ],
    ],
    [
      'bhqd,bhkd->bhqk',
      [
        [2, 3, 4, 5],
        [2, 3, 6, 5],
      ],
    ],
    [
      'bqhd,bkhd->bhqk',
      [
        [2, 4, 3, 5],
        [2, 6, 3, 5],
      ],
    ],
    [
      '...ij,...jk',
      [
        [2, 3, 4],
        [2, 4, 5],
      ],
    ],
    [
      'bij,bj->bi',
      [
        [2, 3, 4],
        [2, 4],
      ],
    ],
  ])('%s is one matmul over views, and nothing is copied for it', (equation, shapes) => {
    expect(kernels(einsum(equation, ...shapes.map((shape) => host(...shape))))).toEqual({ kinds: ['contraction'], bytes: 0 })
  })

  test('products without a sum, and sums of two equal shapes, are one loop', () => {
    expect(kernels(einsum('i,j->ij', host(4), host(5))).kinds).toEqual(['loop'])
    expect(kernels(einsum('bi,bi->b', host(4, 5), host(4, 5)))).toEqual({ kinds: ['loop'], bytes: 0 })
  })

  test('what one operand alone sums over is summed before the product', () => {
    const { kinds, bytes } = kernels(einsum('ijl,jk->ik', host(6, 8, 50), host(8, 5)))
    expect(kinds).toEqual(['loop', 'contraction'])
    expect(bytes).toBeLessThan(6 * 8 * 50 * 4)
  })
})

test('a transposed convolution is one convolution, bias included', () => {
  const y = convTranspose2d(host(1, 2, 3, 3), host(2, 3, 3, 3), host(3), { stride: 2, padding: 1, outputPadding: 1 })
  expect(kernels(y).kinds.filter((kind) => kind === 'convolution')).toHaveLength(1)
  expect(kernels(y).kinds.at(-1)).toBe('convolution')
})

test('repeats, whole enlargements and patches are no copies of their own', () => {
  expect(kernels(repeat(host(3, 4), [2, 2]).add(1)).kinds).toEqual(['loop'])
  expect(kernels(interpolate(host(1, 2, 3, 3), { scaleFactor: 2 }).mul(2)).kinds).toEqual(['loop'])
  expect(kernels(unfold(host(1, 2, 5, 5), 3).mul(2)).kinds).toEqual(['loop'])
})

test('ops that carry positions of their own can be captured: later calls use them too', async () => {
  const resize = jit((x: Tensor) => exp(interpolate(x, { size: 5, mode: 'linear' })))
  const pool = jit((x: Tensor) => adaptiveAvgPool1d(x, 2))
  for (const scale of [1, 2, 3]) {
    const x = tensor([1, 4, 2], [1, 1, 3]).mul(scale)
    expect(await resize(x).data()).toEqual(await exp(interpolate(x, { size: 5, mode: 'linear' })).data())
    expect([...(await pool(x).data())]).toEqual([2.5 * scale, 3 * scale])
  }
})
