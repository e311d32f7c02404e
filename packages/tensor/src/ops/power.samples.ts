import { integers, randn, type Samples, samples, uniform, values } from '../samples/format.ts'
import { hypot, reciprocal, rsqrt, sqrt, square } from './power.ts'

const positive = [uniform([3, 4], 0.1, 5), uniform([1], 0.1, 5), uniform([], 0.1, 5), uniform([0, 3], 0.1, 5), integers([4], 1, 9)]

const all: Samples[] = [
  samples(sqrt, { torch: 'torch.sqrt', inputs: [...positive, values(1e-12, 1, 1e30)], kinks: [0] }),
  samples(rsqrt, { torch: 'torch.rsqrt', inputs: [...positive, values(1e-3, 1, 1e12)], kinks: [1e-3] }),
  samples(reciprocal, { torch: 'torch.reciprocal', inputs: [...positive, values(-2, -0.5, 0.25, 100)] }),
  samples(square, {
    torch: 'torch.square',
    inputs: [randn([3, 4]), randn([1, 1]), randn([]), randn([0, 3]), integers([2, 3], -9, 9)],
  }),
  samples(hypot, {
    torch: 'torch.hypot',
    inputs: [
      [randn([3, 4]), randn([3, 4])],
      [randn([3, 1]), randn([4])],
      [randn([1]), randn([1])],
      [randn([0, 3]), randn([3])],
      [values(3, -5, 0, 1e-25), values(4, 12, 2, 1e-25)],
      { inputs: [values(1e30, 0, Infinity), values(1e30, 0, 1)], noGradient: 'too large to move, no derivative at 0' },
    ],
    kinks: [0],
  }),
]
export default all
