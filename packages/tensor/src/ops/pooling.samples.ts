import { filled, randn, type Samples, samples } from '../samples/format.ts'
import { avgPool1d, avgPool2d, maxPool1d, maxPool2d } from './pooling.ts'

const all: Samples[] = [
  samples(maxPool2d, {
    torch: 'F.max_pool2d',
    inputs: [
      { inputs: [randn([2, 3, 4, 6])], args: [2] },
      { inputs: [randn([1, 2, 5, 7])], args: [[2, 3]] },
      { inputs: [randn([2, 2, 5, 6])], args: [3, { stride: 2, padding: 1 }] },
      { inputs: [randn([2, 2, 7, 6])], args: [2, { stride: 1, dilation: 2 }] },
      { inputs: [randn([2, 4, 4])], args: [[3, 2], { stride: [1, 2], padding: [1, 0] }] },
      { inputs: [randn([1, 1, 1, 1])], args: [1] },
      { inputs: [randn([0, 2, 4, 4])], args: [2] },
      { inputs: [randn([2, 2, 5, 6])], args: [2, { ceilMode: true }] },
      { inputs: [randn([1, 2, 6, 7])], args: [3, { stride: 2, padding: 1, ceilMode: true }] },
      { inputs: [randn([1, 1, 4, 4])], args: [2, { stride: 3, padding: 1, ceilMode: true }] },
      { inputs: [randn([1, 2, 6, 6])], args: [2, { padding: 1 }] },
      {
        inputs: [filled([1, 1, 4, 4], [1, 1, 0, 2, 1, 1, 2, 0, 3, 3, 3, 3, 3, 3, 3, 3])],
        args: [2],
        noGradient: 'equal maxima',
      },
    ],
  }),
  samples(avgPool2d, {
    torch: 'F.avg_pool2d',
    inputs: [
      { inputs: [randn([2, 3, 4, 6])], args: [2] },
      { inputs: [randn([1, 2, 5, 7])], args: [[2, 3]] },
      { inputs: [randn([2, 2, 5, 6])], args: [3, { stride: 2, padding: 1 }] },
      { inputs: [randn([2, 2, 5, 6])], args: [3, { stride: 2, padding: 1, countIncludePad: false }] },
      { inputs: [randn([2, 4, 4])], args: [[3, 2], { stride: [1, 2], padding: [1, 0] }] },
      { inputs: [randn([1, 1, 1, 1])], args: [1] },
      { inputs: [randn([0, 2, 4, 4])], args: [2] },
      { inputs: [randn([2, 2, 5, 6])], args: [2, { ceilMode: true }] },
      { inputs: [randn([1, 2, 6, 7])], args: [3, { stride: 2, padding: 1, ceilMode: true }] },
      { inputs: [randn([1, 2, 6, 6])], args: [3, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }] },
      { inputs: [randn([1, 1, 4, 4])], args: [2, { stride: 3, padding: 1, ceilMode: true }] },
      { inputs: [randn([1, 2, 5, 5])], args: [2, { padding: 1, ceilMode: true }] },
      { inputs: [randn([1, 2, 5, 5])], args: [2, { padding: 1, ceilMode: true, divisorOverride: 3 }] },
    ],
  }),
  samples(maxPool1d, {
    torch: 'F.max_pool1d',
    inputs: [
      { inputs: [randn([2, 3, 6])], args: [2] },
      { inputs: [randn([2, 3, 7])], args: [3, { stride: 2, padding: 1, dilation: 2 }] },
      { inputs: [randn([3, 7])], args: [2, { ceilMode: true }] },
      { inputs: [randn([1, 1, 1])], args: [1] },
      { inputs: [randn([0, 2, 4])], args: [2] },
    ],
  }),
  samples(avgPool1d, {
    torch: 'F.avg_pool1d',
    inputs: [
      { inputs: [randn([2, 3, 6])], args: [2] },
      { inputs: [randn([2, 3, 7])], args: [3, { stride: 2, padding: 1, countIncludePad: false }] },
      { inputs: [randn([3, 7])], args: [2, { ceilMode: true }] },
      { inputs: [randn([1, 1, 1])], args: [1] },
      { inputs: [randn([0, 2, 4])], args: [2] },
    ],
  }),
]
export default all
