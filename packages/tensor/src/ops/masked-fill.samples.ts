import { booleans, filled, integers, randn, type Samples, samples } from '../samples/format.ts'
import { maskedFill } from './masked-fill.ts'

const all: Samples = samples(maskedFill, {
  torch: 'torch.masked_fill',
  inputs: [
    { inputs: [randn([3, 4]), booleans([3, 4])], args: [-Infinity], noGradient: 'infinite' },
    { inputs: [randn([3, 4]), booleans([3, 4])], args: [2.5] },
    { inputs: [randn([2, 3, 4]), booleans([3, 1])], args: [0] },
    { inputs: [randn([3]), booleans([2, 1])], args: [0.5] },
    { inputs: [randn([1]), booleans([1])], args: [1] },
    { inputs: [randn([0, 3]), booleans([3])], args: [1] },
    { inputs: [integers([5], -5, 5), booleans([5])], args: [7] },
    {
      inputs: [filled([3], [16777217, -16777219, 5], 'int32'), filled([3], [0, 0, 1], 'bool')],
      args: [2.5],
      noTorch: 'PyTorch refuses a fraction',
    },
    [randn([3, 4]), booleans([3, 4]), randn([])],
  ],
})
export default all
