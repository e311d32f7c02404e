import { backward, grad } from '@tenon/autograd'
import {
  concat,
  context,
  cumsum,
  currentBackend,
  exp,
  jit,
  manualSeed,
  rand,
  randn,
  type ScanOptions,
  scan,
  scatter,
  sigmoid,
  sort,
  stack,
  type Tensor,
  tanh,
  tensor,
  useBackend,
  Variable,
  zeros,
} from '@tenon/tensor'
import { difference } from '@tenon/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'

/** What scan means, step by step. */
function unrolled<C, Y>(
  body: (carry: C, x: Tensor) => { carry: C; y: Y },
  init: C,
  xs: Tensor,
  { reverse = false }: ScanOptions = {},
): { carry: C; ys: Y[] } {
  let carry = init
  const ys: Y[] = []
  for (let i = 0; i < xs.shape[0]!; i++) {
    const step = body(carry, xs.select(0, reverse ? xs.shape[0]! - 1 - i : i))
    carry = step.carry
    if (reverse) ys.unshift(step.y)
    else ys.push(step.y)
  }
  return { carry, ys }
}

const close = (a: Tensor, b: Tensor, rtol = 1e-4): void => {
  expect(a.shape).toEqual(b.shape)
  expect(difference(a.dataSync(), b.dataSync(), { rtol })).toBe(null)
}

const [steps, batch, size] = [5, 3, 4]

/** A GRU-like cell with a weight read transposed, a bias, and something that is computed once. */
const makeCell = () => {
  const weight = new Variable(randn([2 * size, size]).mul(0.5), { name: 'weight' })
  const bias = new Variable(randn([2 * size]), { name: 'bias' })
  weight.requiresGrad = bias.requiresGrad = true
  const body = (h: Tensor, x: Tensor): { carry: Tensor; y: { h: Tensor; gate: Tensor } } => {
    const both = h.matmul(weight.transpose(0, 1)).add(exp(bias.mul(0.1)))
    const gate = sigmoid(both.slice(1, 0, size).add(x))
    const next = h.mul(gate).add(tanh(both.slice(1, size)).mul(gate.neg().add(1)))
    return { carry: next, y: { h: next, gate: gate.mul(2) } }
  }
  return { weight, bias, body }
}

describe.each(backends)('scan on $name', ({ make }) => {
  const outside = currentBackend()
  beforeAll(async () => {
    await useBackend(make())
    manualSeed(3)
  })
  afterAll(async () => {
    await useBackend(outside)
  })

  describe.each([{}, { reverse: true }])('%j', (options) => {
    test('gives what the same steps give one by one', () => {
      const { body } = makeCell()
      const [h0, xs] = [randn([batch, size]), randn([steps, batch, size])]
      const looped = scan(body, h0, xs, options)
      const plain = unrolled(body, h0, xs, options)
      close(looped.carry, plain.carry)
      close(looped.ys.h, stack(plain.ys.map((y) => y.h)))
      close(looped.ys.gate, stack(plain.ys.map((y) => y.gate)))
    })

    test.each(['plain', 'jit'])('has their gradients, %s', (mode) => {
      const { weight, bias, body } = makeCell()
      const h0 = new Variable(randn([batch, size]))
      const xs = new Variable(randn([steps, batch, size]))
      h0.requiresGrad = xs.requiresGrad = true
      const all = [weight, bias, h0, xs]
      const weights = randn([steps, batch, size])
      const loss = (carry: Tensor, hs: Tensor, gates: Tensor): Tensor =>
        carry.mul(carry).sum().add(hs.mul(weights).sum()).add(exp(gates).sum())
      const run = (): void => {
        for (const v of all) v.grad = null
        const { carry, ys } = scan(body, h0, xs, options)
        backward(loss(carry, ys.h, ys.gate))
      }
      if (mode === 'jit') jit(run)()
      else run()
      const gradients = all.map((v) => tensor(v.grad!.dataSync(), v.shape))
      const plain = unrolled(body, h0, xs, options)
      const expected = grad(loss(plain.carry, stack(plain.ys.map((y) => y.h)), stack(plain.ys.map((y) => y.gate))), all)
      gradients.forEach((g, i) => {
        close(g, expected[i]!)
      })
    })

    test('has their second derivatives', () => {
      const { weight, bias, body } = makeCell()
      const [h0, xs] = [new Variable(randn([batch, size])), randn([steps, batch, size])]
      const all = [weight, bias, h0]
      const twice = (carry: Tensor, hs: Tensor): Tensor[] => {
        const first = grad(carry.mul(carry).sum().add(exp(hs).sum()), all)
        return grad(
          first.map((g) => g.mul(g).sum()).reduce((a, b) => a.add(b)),
          all,
        )
      }
      const looped = scan(body, h0, xs, options)
      const plain = unrolled(body, h0, xs, options)
      const expected = twice(plain.carry, stack(plain.ys.map((y) => y.h)))
      twice(looped.carry, looped.ys.h).forEach((g, i) => {
        close(g, expected[i]!, 1e-3)
      })
    })
  })

  test('carries and inputs may be structures, and inputs integers', () => {
    const table = randn([7, 2])
    const body = ([sum, product]: Tensor[], { id, scale }: { id: Tensor; scale: Tensor }) => {
      const row = table
        .indexSelect(0, id.reshape([1]))
        .reshape([2])
        .mul(scale)
      return { carry: [sum!.add(row), product!.mul(row)], y: null }
    }
    const ids = tensor(Int32Array.of(3, 0, 6))
    const [sum, product] = scan(body, [zeros([2]), zeros([2]).add(1)], { id: ids, scale: tensor([1, 2, 3]) }).carry
    const rows = table.indexSelect(0, ids).mul(tensor([[1], [2], [3]]))
    close(sum!, rows.sum(0))
    close(product!, rows.prod(0))
  })

  test('a body may sort, sum up and scatter', () => {
    const order = randn([size]).argmax(0, { keepdim: true })
    const body = (h: Tensor, x: Tensor): { carry: Tensor; y: Tensor } => {
      const next = cumsum(h.mul(0.5).add(x), 0)
      return { carry: scatter(next, 0, order, 1), y: sort(next).values.mul(next.sum(0, { keepdim: true })) }
    }
    const [h0, xs] = [randn([size]), randn([steps, size])]
    const looped = scan(body, h0, xs)
    const plain = unrolled(body, h0, xs)
    close(looped.carry, plain.carry)
    close(looped.ys, stack(plain.ys))
    const loss = (carry: Tensor, ys: Tensor): Tensor => carry.mul(carry).sum().add(ys.mul(ys).sum())
    const expected = grad(loss(plain.carry, stack(plain.ys)), [h0, xs])
    grad(loss(looped.carry, looped.ys), [h0, xs]).forEach((g, i) => {
      close(g, expected[i]!)
    })
  })

  test('scans nest, and the gradient with them', () => {
    const w = new Variable(rand([2]), { name: 'w' })
    w.requiresGrad = true
    const inner = (c: Tensor, x: Tensor) => ({ carry: c.mul(w).add(x), y: c })
    const xs = randn([3, 4, 2])
    const looped = scan((c: Tensor, row: Tensor) => ({ carry: scan(inner, c, row).carry, y: scan(inner, c, row).ys }), zeros([2]), xs)
    const plain = unrolled(
      (c: Tensor, row: Tensor) => ({ carry: unrolled(inner, c, row).carry, y: stack(unrolled(inner, c, row).ys) }),
      zeros([2]),
      xs,
    )
    close(looped.carry, plain.carry)
    close(looped.ys, stack(plain.ys))
    close(
      grad(looped.carry.sum().add(looped.ys.mul(looped.ys).sum()), [w])[0]!,
      grad(plain.carry.sum().add(stack(plain.ys).mul(stack(plain.ys)).sum()), [w])[0]!,
    )
  })

  test('one step, no step, and a carry that stays as it is', () => {
    const body = (c: Tensor, x: Tensor) => ({ carry: c, y: c.add(x) })
    const one = scan(body, tensor([1, 2]), tensor([[10, 20]]))
    expect([one.carry.toArraySync(), one.ys.toArraySync()]).toEqual([[1, 2], [[11, 22]]])
    const none = scan(body, tensor([1, 2]), zeros([0, 2]))
    expect([none.carry.toArraySync(), none.ys.shape]).toEqual([
      [1, 2],
      [0, 2],
    ])
  })

  test('what a step gives may have nothing to do with the step', () => {
    const v = new Variable(tensor([5, 6]))
    const { ys } = scan((c: Tensor, _: Tensor) => ({ carry: c.add(1), y: [v, c] }), tensor([0, 0]), zeros([2, 1]))
    expect(ys.map((y) => y.toArraySync())).toEqual([
      [
        [5, 6],
        [5, 6],
      ],
      [
        [0, 0],
        [1, 1],
      ],
    ])
  })

  test('a state that a Variable carries from call to call keeps memory flat', () => {
    const { weight, body } = makeCell()
    const h = new Variable(zeros([batch, size]))
    const step = jit((xs: Tensor) => {
      weight.grad = null
      const { carry, ys } = scan(body, h, xs)
      const loss = ys.h.mul(ys.h).mean()
      backward(loss)
      weight.assign(weight.sub(weight.grad!.mul(0.1)))
      h.assign(carry.detach())
      return loss
    })
    const losses: number[] = []
    for (let i = 0; i < 20; i++) losses.push(step(randn([steps, batch, size])).itemSync())
    expect(losses.every(Number.isFinite)).toBe(true)
  })
})

test('the graph has as many nodes for 500 steps as for 5, its gradient included', () => {
  const { weight, body } = makeCell()
  const nodes = (length: number): number => {
    const from = context.nextId
    const { carry } = scan(body, zeros([batch, size]), zeros([length, batch, size]))
    grad(carry.sum(), [weight])
    return context.nextId - from
  }
  const [, few, many] = [5, 5, 500].map(nodes) // the first one makes what reads the weights
  expect(many).toBe(few)
})

describe('scan refuses, in words', () => {
  const xs = zeros([3, 2])
  test('a carry of another shape or dtype', () => {
    expect(() => scan((c: Tensor, x: Tensor) => ({ carry: concat([c, x]), y: null }), zeros([2]), xs)).toThrow(
      /float32 \[2\].*float32 \[4\]/,
    )
    expect(() => scan((c: Tensor, x: Tensor) => ({ carry: c.add(1), y: x }), zeros([2], { dtype: 'int32' }), xs)).toThrow(/one dtype/)
  })
  test('inputs of unequal length', () => {
    expect(() => scan((c: Tensor, _: Tensor[]) => ({ carry: c, y: null }), zeros([2]), [xs, zeros([4])])).toThrow(/\[3, 2\], \[4\]/)
  })
  test('a value that is read, a variable that is assigned, a random number, inside', () => {
    const v = new Variable(zeros([2]), { name: 'v' })
    const inside = (fn: (c: Tensor) => unknown) => () =>
      scan(
        (c: Tensor, _: Tensor) => {
          fn(c)
          return { carry: c.add(1), y: null }
        },
        zeros([2]),
        xs,
      )
    expect(inside((c) => c.dataSync())).toThrow(/body of a scan/)
    expect(inside((c) => v.assign(c))).toThrow(/"v"/)
    expect(inside(() => rand([2]))).toThrow(/random/)
  })
})
