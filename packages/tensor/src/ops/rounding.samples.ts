import { filled, integers, randn, type Samples, samples, uniform, values } from '../samples/format.ts'
import { ceil, floor, fmod, frac, round, sign, trunc } from './rounding.ts'

const inputs = [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), values(-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 1e9)]
const wholes = [-2, -1, 0, 1, 2]
const halves = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]

const all: Samples[] = [
  samples(floor, { torch: 'torch.floor', inputs, kinks: wholes }),
  samples(ceil, { torch: 'torch.ceil', inputs, kinks: wholes }),
  samples(round, { torch: 'torch.round', inputs, kinks: halves }),
  samples(sign, { torch: 'torch.sign', inputs: [...inputs, integers([4], -2, 3)], kinks: [0] }),
  samples(trunc, { torch: 'torch.trunc', inputs: [...inputs, values(1e9, -1e9)], kinks: wholes }),
  samples(frac, { torch: 'torch.frac', inputs: inputs.slice(0, -1).concat(values(-2.5, -1, 0, 1, 2.5)), kinks: wholes }),
  samples(fmod, {
    torch: 'torch.fmod',
    inputs: [
      [randn([3, 4]), uniform([3, 4], 0.5, 2)],
      [randn([3, 1]), uniform([1, 4], -2, -0.5)],
      [randn([1]), uniform([1], 0.5, 2)],
      [randn([0, 3]), uniform([3], 0.5, 2)],
      { inputs: [randn([2, 3])], args: [0.3] },
      [filled([6], [7, -7, 7, -7, 6, 0], 'int32'), filled([6], [3, 3, -3, -3, 2, 5], 'int32')],
      { inputs: [integers([4], -9, 9)], args: [4] },
      { inputs: [values(5, -5, NaN), values(Infinity, -Infinity, 1)], noGradient: 'infinite' },
      { inputs: [values(1, 0), values(0, 0)], noGradient: 'a division by 0', noTorch: 'the gradient of NaN' },
      { inputs: [filled([2], [5, -5], 'int32')], args: [0], noTorch: 'PyTorch throws' },
    ],
  }),
]
export default all
