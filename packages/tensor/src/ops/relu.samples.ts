import { integers, randn, type Samples, samples, values } from '../samples/format.ts'
import { elu, leakyRelu, relu } from './relu.ts'

const inputs = [
  randn([3, 4]),
  randn([1]),
  randn([]),
  randn([0, 3]),
  values(-100, -1, 0, 1, 100),
  { inputs: [values(NaN)], noGradient: 'NaN' },
]

const all: Samples[] = [
  samples(relu, { torch: 'F.relu', inputs: [...inputs, integers([4], -3, 4)], kinks: [0] }),
  samples(leakyRelu, {
    torch: 'F.leaky_relu',
    inputs: [...inputs, { inputs: [randn([2, 3])], args: [0.3] }],
    kinks: [0],
  }),
  samples(elu, { torch: 'F.elu', inputs: [...inputs, { inputs: [randn([2, 3])], args: [1.7] }], kinks: [0] }),
]
export default all
