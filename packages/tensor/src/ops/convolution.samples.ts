import { randn, type Samples, samples } from '../samples/format.ts'
import { conv1d, conv2d } from './convolution.ts'

const broadcast = 'channels must fit, and the bias has a shape of its own'

const all: Samples[] = [
  samples(conv2d, {
    torch: 'F.conv2d',
    inputs: [
      [randn([2, 3, 5, 6]), randn([4, 3, 3, 2])],
      [randn([2, 2, 5, 5]), randn([3, 2, 3, 3]), randn([3])],
      { inputs: [randn([2, 2, 5, 5]), randn([3, 2, 3, 3]), randn([3])], args: [{ padding: 1 }] },
      { inputs: [randn([1, 2, 7, 6]), randn([2, 2, 3, 3]), randn([2])], args: [{ stride: 2, padding: [1, 0] }] },
      { inputs: [randn([2, 2, 6, 7]), randn([2, 2, 3, 2])], args: [null, { stride: [2, 3], dilation: [1, 2] }] },
      { inputs: [randn([1, 2, 5, 6]), randn([2, 2, 2, 4]), randn([2])], args: [{ padding: 'same' }] },
      { inputs: [randn([1, 1, 5, 5]), randn([2, 1, 3, 3]), randn([2])], args: [{ padding: 'same', dilation: 2 }] },
      { inputs: [randn([1, 2, 4, 4]), randn([2, 2, 2, 2]), randn([2])], args: [{ padding: 'valid' }] },
      { inputs: [randn([2, 4, 4, 4]), randn([6, 2, 3, 3]), randn([6])], args: [{ groups: 2, padding: 1 }] },
      { inputs: [randn([1, 3, 5, 5]), randn([3, 1, 3, 3])], args: [null, { groups: 3, stride: 2, padding: 1 }] },
      [randn([1, 1, 1, 1]), randn([1, 1, 1, 1]), randn([1])],
      [randn([2, 4, 5]), randn([3, 2, 2, 2]), randn([3])],
      [randn([0, 2, 4, 4]), randn([3, 2, 3, 3]), randn([3])],
    ],
    without: { broadcast },
  }),
  samples(conv1d, {
    torch: 'F.conv1d',
    inputs: [
      [randn([2, 3, 7]), randn([4, 3, 3])],
      { inputs: [randn([2, 2, 8]), randn([3, 2, 3]), randn([3])], args: [{ stride: 2, padding: 1 }] },
      { inputs: [randn([2, 2, 8]), randn([3, 2, 3]), randn([3])], args: [{ dilation: 2 }] },
      { inputs: [randn([1, 4, 6]), randn([4, 2, 4]), randn([4])], args: [{ padding: 'same', groups: 2 }] },
      [randn([1, 1, 1]), randn([1, 1, 1]), randn([1])],
      [randn([2, 6]), randn([3, 2, 3])],
      [randn([0, 2, 6]), randn([3, 2, 3])],
    ],
    without: { broadcast },
  }),
]
export default all
