import { integers, randn, type Samples, samples } from './format.ts'

const broadcast = 'the index has a shape of its own'

const all: Samples[] = [
  samples('indexSelect', {
    torch: 'lambda x, i, d: torch.index_select(x, d, i)',
    call: (x, index, dim) => x.indexSelect(dim, index),
    inputs: [
      { inputs: [randn([5, 3]), integers([4], 0, 5)], args: [0] },
      { inputs: [randn([2, 5, 3]), integers([7], 0, 5)], args: [-2] },
      { inputs: [randn([1]), integers([1], 0, 1)], args: [0] },
      { inputs: [randn([5, 3]), integers([0], 0, 5)], args: [0] },
    ],
    without: { broadcast },
  }),
  samples('gather', {
    torch: 'lambda x, i, d: torch.gather(x, d, i.long())',
    call: (x, index, dim) => x.gather(dim, index),
    inputs: [
      { inputs: [randn([3, 4]), integers([3, 2], 0, 4)], args: [1] },
      { inputs: [randn([3, 4]), integers([5, 4], 0, 3)], args: [0] },
      { inputs: [randn([3, 4]), integers([2, 2], 0, 4)], args: [-1] },
      { inputs: [randn([2, 3, 4]), integers([2, 5, 4], 0, 3)], args: [1] },
      { inputs: [randn([1, 1]), integers([1, 1], 0, 1)], args: [0] },
      { inputs: [randn([3, 4]), integers([0, 4], 0, 3)], args: [0] },
    ],
    without: { broadcast },
  }),
  samples('scatterAdd', {
    torch: 'lambda x, i, s, d: x.scatter_add(d, i.long(), s)',
    call: (x, index, src, dim) => x.scatterAdd(dim, index, src),
    inputs: [
      { inputs: [randn([3, 4]), integers([3, 6], 0, 4), randn([3, 6])], args: [1] },
      { inputs: [randn([3, 4]), integers([7, 4], 0, 3), randn([7, 4])], args: [0] },
      { inputs: [randn([3, 4]), integers([2, 2], 0, 4), randn([2, 2])], args: [1] },
      { inputs: [randn([1]), integers([1], 0, 1), randn([1])], args: [0] },
      { inputs: [randn([3, 4]), integers([0, 4], 0, 3), randn([0, 4])], args: [0] },
      { inputs: [integers([4], 0, 9), integers([6], 0, 4), integers([6], -5, 5)], args: [0] },
    ],
    without: { broadcast },
  }),
]
export default all
