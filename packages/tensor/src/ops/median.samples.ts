import { filled, integers, randn, type Samples, samples, values } from '../samples/format.ts'
import { median } from './median.ts'

const all: Samples = samples(median, {
  torch: 'lambda x, d=None, keepdim=False: torch.median(x) if d is None else torch.median(x, d, keepdim=keepdim)[0]',
  inputs: [
    randn([3, 4]),
    { inputs: [randn([3, 5])], args: [0] },
    { inputs: [randn([2, 4, 3])], args: [-2, { keepdim: true }] },
    { inputs: [filled([2, 3], [1, NaN, 2, Infinity, -Infinity, 0])], args: [1], noGradient: 'infinite or NaN' },
    { inputs: [integers([4, 5], 0, 3)], args: [1] },
    { inputs: [values(Infinity, 0, -1)], noGradient: 'infinite or NaN' },
    randn([1]),
    { inputs: [randn([3, 1])], args: [1] },
    { inputs: [randn([0, 3])], args: [1] },
  ],
})
export default all
