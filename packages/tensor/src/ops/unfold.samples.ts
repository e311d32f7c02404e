import { randn, type Samples, samples } from '../samples/format.ts'
import { fold, unfold } from './unfold.ts'

const all: Samples[] = [
  samples(unfold, {
    torch: 'F.unfold',
    inputs: [
      { inputs: [randn([2, 2, 4, 5])], args: [[2, 3]] },
      { inputs: [randn([1, 2, 5, 6])], args: [3, { padding: 1, stride: 2 }] },
      { inputs: [randn([1, 1, 6, 5])], args: [2, { dilation: [2, 1], stride: [1, 2], padding: [0, 1] }] },
      { inputs: [randn([2, 4, 4])], args: [2, { stride: 2 }] },
      { inputs: [randn([1, 1, 1, 1])], args: [1] },
      { inputs: [randn([0, 2, 4, 4])], args: [2] },
    ],
  }),
  samples(fold, {
    torch: 'F.fold',
    inputs: [
      {
        inputs: [randn([2, 12, 9])],
        args: [
          [4, 5],
          [2, 3],
        ],
      },
      { inputs: [randn([1, 18, 9])], args: [[5, 6], 3, { padding: 1, stride: 2 }] },
      { inputs: [randn([1, 4, 12])], args: [[6, 5], 2, { dilation: [2, 1], stride: [1, 2], padding: [0, 1] }] },
      { inputs: [randn([8, 4])], args: [4, 2, { stride: 2 }] },
      { inputs: [randn([8, 4])], args: [[6, 5], 2, { stride: 3 }] },
      { inputs: [randn([1, 1, 1])], args: [1, 1] },
      { inputs: [randn([0, 8, 9])], args: [4, 2] },
    ],
  }),
]
export default all
