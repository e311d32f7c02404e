import { integers, type Samples, samples } from '../samples/format.ts'
import { oneHot } from './one-hot.ts'

const all: Samples = samples(oneHot, {
  torch: 'lambda i, n: F.one_hot(i.long(), n)',
  inputs: [
    { inputs: [integers([5], 0, 4)], args: [4] },
    { inputs: [integers([2, 3], 0, 7)], args: [7] },
    { inputs: [integers([1], 0, 1)], args: [1] },
    { inputs: [integers([], 0, 3)], args: [3] },
    { inputs: [integers([0, 3], 0, 4)], args: [4] },
  ],
})
export default all
