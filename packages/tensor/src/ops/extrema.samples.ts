import { integers, randn, type SampleInputs, type Samples, samples, values } from '../samples/format.ts'
import { clamp, maximum, minimum } from './extrema.ts'

const pairs: SampleInputs = [
  [randn([3, 4]), randn([3, 4])],
  [randn([3, 4]), randn([4])],
  [randn([3, 1]), randn([1, 4])],
  [randn([2, 3, 1]), randn([])],
  [randn([1]), randn([1])],
  [randn([0, 3]), randn([3])],
  [integers([5], -4, 4), integers([5], -4, 4)],
  { inputs: [values(1, NaN, 2, -Infinity), values(1, 1, NaN, 5)], noGradient: 'equal, infinite or NaN' },
]

const all: Samples[] = [
  samples(maximum, { torch: 'torch.maximum', inputs: pairs }),
  samples(minimum, { torch: 'torch.minimum', inputs: pairs }),
  samples(clamp, {
    torch: 'torch.clamp',
    inputs: [
      { inputs: [randn([3, 4])], args: [-0.5, 0.5] },
      { inputs: [randn([3, 4])], args: [0.25] },
      { inputs: [randn([3, 4])], args: [null, 0.25] },
      { inputs: [randn([1])], args: [-0.5, 0.5] },
      { inputs: [randn([0, 3])], args: [-0.5, 0.5] },
      { inputs: [values(-1, -0.5, 0, 0.5, 1)], args: [-0.5, 0.5] },
      { inputs: [randn([4])], args: [1, -1] },
      [randn([3, 4]), randn([4])],
    ],
    kinks: [-0.5, 0.25, 0.5],
  }),
]
export default all
