import { filled, integers, randn, type Samples, samples } from '../samples/format.ts'
import { indexAdd, narrow, take, takeAlongDim } from './take.ts'

const broadcast = 'the index has a shape of its own'

const all: Samples[] = [
  samples(narrow, {
    torch: 'torch.narrow',
    inputs: [
      { inputs: [randn([5, 3])], args: [0, 1, 3] },
      { inputs: [randn([2, 5])], args: [-1, -3, 2] },
      { inputs: [randn([1])], args: [0, 0, 1] },
      { inputs: [randn([3, 4])], args: [1, 4, 0] },
      { inputs: [randn([0, 3])], args: [1, 1, 2] },
    ],
  }),
  samples(take, {
    torch: 'lambda x, i: torch.take(x, i.long())',
    inputs: [
      [randn([3, 4]), integers([5], 0, 12)],
      [randn([2, 3]), integers([2, 2, 2], 0, 6)],
      [randn([4]), integers([], 0, 4)],
      [randn([1]), integers([1], 0, 1)],
      [randn([3, 4]), integers([0, 2], 0, 12)],
    ],
    without: { plain: broadcast },
  }),
  samples(takeAlongDim, {
    torch: 'lambda x, i, d: torch.take_along_dim(x, i.long(), d)',
    inputs: [
      { inputs: [randn([3, 4]), integers([3, 4], 0, 4)], args: [1] },
      { inputs: [randn([3, 4]), integers([1, 2], 0, 4)], args: [1] },
      { inputs: [randn([1, 4]), integers([3, 2], 0, 4)], args: [-1] },
      { inputs: [randn([2, 3, 1]), integers([1, 5, 4], 0, 3)], args: [1] },
      { inputs: [randn([1]), integers([1], 0, 1)], args: [0] },
      { inputs: [randn([3, 4]), integers([0, 4], 0, 3)], args: [0] },
    ],
  }),
  samples(indexAdd, {
    torch: 'lambda x, i, s, d, **o: torch.index_add(x, d, i, s, **o)',
    call: (x, index, source, dim, options) => indexAdd(x, dim, index, source, options),
    inputs: [
      { inputs: [randn([5, 3]), filled([4], [0, 4, 0, 2], 'int32'), randn([4, 3])], args: [0] },
      { inputs: [randn([2, 3, 2]), integers([4], 0, 3), randn([2, 4, 2])], args: [1, { alpha: -0.5 }] },
      { inputs: [randn([1]), integers([1], 0, 1), randn([1])], args: [0] },
      { inputs: [randn([3, 2]), integers([0], 0, 3), randn([0, 2])], args: [0] },
      { inputs: [integers([3], 0, 9), integers([3], 0, 3), integers([3], 0, 9)], args: [0] },
    ],
    without: { broadcast },
  }),
]
export default all
