import { Generator } from '../generator.ts'
import { arange, eye, full, linspace, ones, onesLike, tensor, zeros, zerosLike } from '../ops/create.ts'
import { bernoulli, normal as gaussian, permutation, rand, randint, randLike, randn, randnLike, uniform } from '../ops/random.ts'
import { type CaseKind, randn as normal, type SampleInputs, type Samples, samples } from './format.ts'

const noInput = 'takes no tensor'
const without: Partial<Record<CaseKind, string>> = {
  plain: noInput,
  broadcast: noInput,
  'size-one': noInput,
  empty: noInput,
  'non-contiguous': noInput,
}
const shapes: SampleInputs = [[2, 3], [1], [], [0, 3]].map((shape) => ({ inputs: [], args: [shape] }))
const seeded: SampleInputs = [[3, 4], [1], [0, 3]].map((shape) => ({ inputs: [], args: [shape, 7] }))
const likes: SampleInputs = [normal([2, 3]), normal([1]), normal([0, 3])]
const noGradient = 'a draw does not depend on its input'
const none = { none: 'PyTorch draws other numbers' }

const all: Samples[] = [
  samples(tensor, {
    torch: 'torch.tensor',
    inputs: [
      5,
      [1, 2.5, 3],
      [
        [1, 2],
        [3, 4],
      ],
      [true, false],
      [],
    ].map((data) => ({ inputs: [], args: [data] })),
    without,
  }),
  samples(zeros, { torch: 'torch.zeros', inputs: shapes, without }),
  samples(ones, { torch: 'torch.ones', inputs: shapes, without }),
  samples(full, {
    torch: 'torch.full',
    inputs: [
      { inputs: [], args: [[2, 3], 2.5] },
      { inputs: [], args: [[], -1] },
    ],
    without,
  }),
  samples(zerosLike, { torch: 'torch.zeros_like', inputs: [normal([2, 3]), normal([1]), normal([0, 3])] }),
  samples(onesLike, { torch: 'torch.ones_like', inputs: [normal([2, 3]), normal([1]), normal([0, 3])] }),
  samples(arange, {
    torch: 'torch.arange',
    inputs: [[5], [2, 7], [1, 8, 3], [0, 1, 0.25], [5, 0, -2], [0]].map((args) => ({ inputs: [], args })),
    without,
  }),
  samples(linspace, {
    torch: 'torch.linspace',
    inputs: [
      [0, 1, 5],
      [-2, 3, 7],
      [4, 9, 1],
    ].map((args) => ({ inputs: [], args })),
    without,
  }),
  samples(eye, { torch: 'torch.eye', inputs: [[3], [2, 4], [1]].map((args) => ({ inputs: [], args })), without }),
  samples(rand, {
    torch: none,
    call: (shape, seed) => rand(shape, { generator: new Generator(seed) }),
    inputs: seeded,
    without,
  }),
  samples(randn, {
    torch: none,
    call: (shape, seed) => randn(shape, { generator: new Generator(seed) }),
    inputs: seeded,
    without,
  }),
  samples(randint, {
    torch: none,
    call: (shape, seed) => randint(-3, 9, shape, { generator: new Generator(seed) }),
    inputs: seeded,
    without,
  }),
  samples(bernoulli, {
    torch: none,
    call: (shape, seed) => bernoulli(0.3, shape, { generator: new Generator(seed) }),
    inputs: seeded,
    without,
  }),
  samples(gaussian, {
    torch: none,
    call: (shape, seed) => gaussian(3, 0.5, shape, { generator: new Generator(seed) }),
    inputs: seeded,
    without,
  }),
  samples(uniform, {
    torch: none,
    call: (shape, seed) => uniform(-2, 3, shape, { generator: new Generator(seed) }),
    inputs: seeded,
    without,
  }),
  samples(randLike, { torch: none, call: (x) => randLike(x, { generator: new Generator(5) }), inputs: likes, noGradient }),
  samples(randnLike, { torch: none, call: (x) => randnLike(x, { generator: new Generator(5) }), inputs: likes, noGradient }),
  samples(permutation, {
    torch: none,
    call: (n) => permutation(n, { generator: new Generator(7) }),
    inputs: [10, 1, 0].map((n) => ({ inputs: [], args: [n] })),
    without,
  }),
]
export default all
