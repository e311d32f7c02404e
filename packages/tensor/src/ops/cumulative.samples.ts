import { booleans, expanded, filled, integers, randn, type SampleInputs, type Samples, samples, values } from '../samples/format.ts'
import { cumprod, cumsum } from './cumulative.ts'

const inputs: SampleInputs = [
  { inputs: [randn([3, 4])], args: [1] },
  { inputs: [randn([3, 4])], args: [0] },
  { inputs: [randn([2, 5, 3])], args: [-2] },
  { inputs: [randn([1])], args: [0] },
  { inputs: [randn([3, 1])], args: [1] },
  { inputs: [randn([0, 3])], args: [1] },
  { inputs: [randn([2, 0])], args: [1] },
  { inputs: [expanded(randn([3, 1]), [3, 4])], args: [1] },
  { inputs: [integers([3, 4], -5, 5)], args: [1] },
  { inputs: [booleans([7])], args: [0] },
  { inputs: [filled([3, 4], [2, 0, 3, -1, 0, 2, 0, 4, 1, 2, 3, 0])], args: [1] }, // zeros among the factors
  {
    inputs: [values(1, Infinity, 2, NaN, 3)],
    args: [0],
    noGradient: 'infinite or NaN',
    noTorch: 'its gradient multiplies infinities otherwise',
  },
  { inputs: [randn([2, 33])], args: [1] },
]

const all: Samples[] = [samples(cumsum, { torch: 'torch.cumsum', inputs }), samples(cumprod, { torch: 'torch.cumprod', inputs })]
export default all
