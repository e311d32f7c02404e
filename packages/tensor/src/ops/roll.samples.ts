import { integers, randn, type Samples, samples } from '../samples/format.ts'
import { roll } from './roll.ts'

const all: Samples = samples(roll, {
  torch: 'torch.roll',
  inputs: [
    { inputs: [randn([2, 3])], args: [1] },
    { inputs: [randn([3, 4])], args: [1, 0] },
    { inputs: [randn([3, 4])], args: [-6, 1] },
    {
      inputs: [randn([3, 4])],
      args: [
        [1, -2],
        [0, -1],
      ],
    },
    { inputs: [randn([3, 4])], args: [4, 1] },
    { inputs: [randn([1])], args: [3, 0] },
    { inputs: [randn([0, 3])], args: [1, 0] },
    { inputs: [integers([5], -5, 5)], args: [2] },
  ],
})
export default all
