import { integers, randn, type Samples, samples } from '../samples/format.ts'
import { chunk, split, unbind } from './split.ts'

const all: Samples[] = [
  samples(split, {
    torch: 'torch.split',
    inputs: [
      { inputs: [randn([5, 3])], args: [2] },
      { inputs: [randn([3, 6])], args: [3, 1] },
      { inputs: [randn([3, 6])], args: [[1, 3, 2], -1] },
      { inputs: [randn([1])], args: [4] },
      { inputs: [randn([0, 3])], args: [2] },
      { inputs: [integers([5], -5, 5)], args: [2] },
    ],
  }),
  samples(chunk, {
    torch: 'torch.chunk',
    inputs: [
      { inputs: [randn([5, 3])], args: [2] },
      { inputs: [randn([3, 6])], args: [4, 1] },
      { inputs: [randn([1])], args: [3] },
      { inputs: [randn([0, 3])], args: [2] },
    ],
  }),
  samples(unbind, {
    torch: 'torch.unbind',
    inputs: [randn([3, 4]), { inputs: [randn([2, 3, 4])], args: [-2] }, randn([1]), { inputs: [randn([0, 3])], args: [1] }],
  }),
]
export default all
