import { randn, type Samples, samples } from '../samples/format.ts'
import { convTranspose1d, convTranspose2d } from './convolution-transpose.ts'

const broadcast = 'channels must fit, and the bias has a shape of its own'

const all: Samples[] = [
  samples(convTranspose2d, {
    torch: 'F.conv_transpose2d',
    inputs: [
      [randn([2, 3, 3, 4]), randn([3, 2, 3, 2])],
      [randn([2, 2, 2, 2]), randn([2, 2, 2, 2])],
      { inputs: [randn([1, 2, 3, 4]), randn([2, 3, 3, 3]), randn([3])], args: [{ stride: 2, padding: 1, outputPadding: 1 }] },
      { inputs: [randn([2, 2, 3, 3]), randn([2, 2, 2, 3])], args: [null, { stride: [2, 3], padding: [0, 1], outputPadding: [1, 2] }] },
      { inputs: [randn([1, 2, 3, 3]), randn([2, 1, 2, 2]), randn([1])], args: [{ dilation: [2, 1], outputPadding: [1, 0] }] },
      { inputs: [randn([1, 1, 4, 4]), randn([1, 1, 2, 2])], args: [null, { padding: 2 }] },
      { inputs: [randn([2, 4, 3, 3]), randn([4, 3, 2, 2]), randn([6])], args: [{ groups: 2, stride: 2 }] },
      { inputs: [randn([1, 3, 3, 3]), randn([3, 1, 2, 2])], args: [null, { groups: 3 }] },
      [randn([1, 1, 1, 1]), randn([1, 1, 1, 1]), randn([1])],
      [randn([2, 3, 4]), randn([2, 3, 2, 2]), randn([3])],
      [randn([0, 2, 3, 3]), randn([2, 3, 2, 2]), randn([3])],
    ],
    without: { broadcast },
  }),
  samples(convTranspose1d, {
    torch: 'F.conv_transpose1d',
    inputs: [
      [randn([2, 3, 4]), randn([3, 2, 3])],
      [randn([2, 2, 2]), randn([2, 2, 2])],
      { inputs: [randn([2, 2, 4]), randn([2, 3, 4]), randn([3])], args: [{ stride: 2, padding: 1 }] },
      { inputs: [randn([2, 2, 4]), randn([2, 1, 3]), randn([2])], args: [{ groups: 2, stride: 3, outputPadding: 2, dilation: 2 }] },
      [randn([1, 1, 1]), randn([1, 1, 1]), randn([1])],
      [randn([2, 4]), randn([2, 3, 2])],
      [randn([0, 2, 4]), randn([2, 3, 2])],
    ],
    without: { broadcast },
  }),
]
export default all
