import { integers, randn, type Samples, samples, uniform, values } from '../samples/format.ts'
import { acosh, asinh, atanh, cosh, sinh } from './hyperbolic.ts'

const unsigned = { inputs: [integers([3], 0, 4, 'uint32')], noTorch: 'PyTorch 1.13 has no uint32' }
const shapes = [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), integers([4], -3, 4), unsigned]
const between = (low: number, high: number) => [[3, 4], [1], [], [0, 3]].map((shape) => uniform(shape, low, high))

const all: Samples[] = [
  samples(sinh, { torch: 'torch.sinh', inputs: [...shapes, values(-10, -1e-6, 0, 1e-6, 10)] }),
  samples(cosh, { torch: 'torch.cosh', inputs: [...shapes, values(-10, -1e-6, 0, 1e-6, 10)] }),
  samples(asinh, { torch: 'torch.asinh', inputs: [...shapes, values(-1e6, -10, -1e-6, 0, 1e-6, 1e6)] }),
  samples(acosh, {
    torch: 'torch.acosh',
    inputs: [...between(1.1, 5), integers([3], 2, 9), values(1.001, 1e6), { inputs: [values(1, 0.5, NaN)], noGradient: 'infinite at 1' }],
    kinks: [Math.fround(1.001)],
  }),
  samples(atanh, {
    torch: 'torch.atanh',
    inputs: [...between(-0.9, 0.9), values(-1e-6, 0, 1e-6, 0.999), { inputs: [values(-1, 1, 2, NaN)], noGradient: 'infinite at the ends' }],
    kinks: [0.999],
  }),
]
export default all
