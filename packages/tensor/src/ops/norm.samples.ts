import { expanded, filled, randn, type SampleInputs, type Samples, samples, values } from '../samples/format.ts'
import { norm } from './norm.ts'

const orders: SampleInputs = [2, 1, Infinity, -Infinity, 0, 3, 1.5, 0.5, -2].flatMap((p) => [
  { inputs: [randn([3, 4])], args: [p] },
  { inputs: [randn([2, 3, 4])], args: [p, 1] },
  { inputs: [randn([2, 3, 4])], args: [p, [0, -1], { keepdim: true }] },
])
const zeros = filled([2, 3], [0, 0, 0, 3, 0, -4])

const all: Samples = samples(norm, {
  torch: 'torch.linalg.vector_norm',
  inputs: [
    ...orders,
    randn([2, 3]),
    randn([1]),
    randn([]),
    { inputs: [randn([0, 3])], args: [2, 1] },
    { inputs: [randn([2, 0])], args: [2, 1] },
    { inputs: [randn([2, 0])], args: [1, 1] },
    { inputs: [randn([2, 0])], args: [0, 1] },
    { inputs: [expanded(randn([3, 1]), [3, 2])], args: [2, 0] },
    ...[2, 1, 3, 1.5, 0].map((p) => ({ inputs: [zeros], args: [p, 1] })),
    { inputs: [zeros], args: [-1, 1], noGradient: 'infinite', noTorch: 'its gradient is NaN' },
    { inputs: [values(1, NaN)], args: [2], noGradient: 'NaN' },
    { inputs: [values(1, Infinity)], args: [2], noGradient: 'infinite' },
  ],
  kinks: [0],
})
export default all
