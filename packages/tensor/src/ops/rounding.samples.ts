import { integers, randn, type Samples, samples, values } from '../samples/format.ts'
import { ceil, floor, round, sign } from './rounding.ts'

const inputs = [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), values(-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 1e9)]
const wholes = [-2, -1, 0, 1, 2]
const halves = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]

const all: Samples[] = [
  samples(floor, { torch: 'torch.floor', inputs, kinks: wholes }),
  samples(ceil, { torch: 'torch.ceil', inputs, kinks: wholes }),
  samples(round, { torch: 'torch.round', inputs, kinks: halves }),
  samples(sign, { torch: 'torch.sign', inputs: [...inputs, integers([4], -2, 3)], kinks: [0] }),
]
export default all
