import { randn, type SampleInputs, type Samples, samples } from '../samples/format.ts'
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveMaxPool1d, adaptiveMaxPool2d } from './adaptive-pooling.ts'

const planes: SampleInputs = [
  { inputs: [randn([2, 2, 4, 6])], args: [2] },
  { inputs: [randn([1, 2, 5, 7])], args: [[3, 2]] },
  { inputs: [randn([2, 5, 4])], args: [[1, 3]] },
  { inputs: [randn([1, 2, 3, 5])], args: [[null, 2]] },
  { inputs: [randn([1, 1, 2, 3])], args: [[4, 5]] },
  { inputs: [randn([1, 1, 1, 1])], args: [1] },
  { inputs: [randn([0, 2, 4, 5])], args: [2] },
]
const lines: SampleInputs = [
  { inputs: [randn([2, 3, 8])], args: [4] },
  { inputs: [randn([2, 3, 7])], args: [3] },
  { inputs: [randn([3, 5])], args: [1] },
  { inputs: [randn([2, 2, 3])], args: [5] },
  { inputs: [randn([1, 1, 1])], args: [1] },
  { inputs: [randn([0, 2, 5])], args: [2] },
]

const all: Samples[] = [
  samples(adaptiveAvgPool2d, { torch: 'F.adaptive_avg_pool2d', inputs: planes }),
  samples(adaptiveMaxPool2d, { torch: 'F.adaptive_max_pool2d', inputs: planes }),
  samples(adaptiveAvgPool1d, { torch: 'F.adaptive_avg_pool1d', inputs: lines }),
  samples(adaptiveMaxPool1d, { torch: 'F.adaptive_max_pool1d', inputs: lines }),
]
export default all
