import { integers, randn, type Samples, samples, uniform, values } from '../samples/format.ts'
import { exp, exp2, expm1, log, log1p, log2, log10, logaddexp } from './exponential.ts'

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
  samples(exp2, {
    torch: 'torch.exp2',
    inputs: [...shapes, values(-100, -1, 0, 1, 10, 0.5), { inputs: [values(Infinity, -Infinity, NaN, 100)], noGradient: 'infinite' }],
  }),
  samples(log2, { torch: 'torch.log2', inputs: [...positive, values(0, 1, 8, 1e30)], kinks: [0] }),
  samples(log10, { torch: 'torch.log10', inputs: [...positive, values(0, 1, 1000, 1e30)], kinks: [0] }),
  samples(logaddexp, {
    torch: 'torch.logaddexp',
    inputs: [
      [randn([3, 4]), randn([3, 4])],
      [randn([3, 1]), randn([4])],
      [randn([1]), randn([1])],
      [randn([0, 3]), randn([3])],
      { inputs: [values(1000, -1000, 5, 5), values(1001, 3, 5, -90)], noGradient: 'a step apart, equals are a kink' },
      {
        inputs: [values(-Infinity, -Infinity, Infinity, Infinity, NaN), values(-Infinity, 2, 2, Infinity, 1)],
        noGradient: 'infinite',
        noTorch: 'PyTorch has NaN for the gradient of two infinities',
      },
    ],
  }),
]
export default all
