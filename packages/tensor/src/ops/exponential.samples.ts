import { integers, randn, type Samples, samples, uniform, values } from '../samples/format.ts'
import { exp, expm1, log, log1p } from './exponential.ts'

const shapes = [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), integers([4], -3, 4)]
const positive = [uniform([3, 4], 0.1, 5), uniform([1], 0.1, 5), uniform([], 0.1, 5), uniform([0, 3], 0.1, 5), integers([4], 1, 9)]

const all: Samples[] = [
  samples(exp, { torch: 'torch.exp', inputs: [...shapes, values(-80, -1e-7, 0, 1e-7, 1, 10)] }),
  samples(expm1, { torch: 'torch.expm1', inputs: [...shapes, values(-80, -1e-7, 0, 1e-7, 1, 10)] }),
  samples(log, {
    torch: 'torch.log',
    inputs: [...positive, values(1e-30, 1e-3, 1, 1.0000001, 1e30)],
    kinks: [0, 1e-3],
  }),
  samples(log1p, {
    torch: 'torch.log1p',
    inputs: [...positive, values(-0.999, -1e-7, 0, 1e-7, 1e30)],
    kinks: [-0.999],
  }),
]
export default all
