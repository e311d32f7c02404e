import { integers, randn, type Samples, samples, uniform, values } from '../samples/format.ts'
import { acos, asin, atan, atan2, cos, sin, tan, tanh } from './trigonometry.ts'

const shapes = [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), integers([4], -3, 4)]

const inside = [
  ...[[3, 4], [1], [], [0, 3]].map((shape) => uniform(shape, -0.99, 0.99)),
  values(-0.999, -1e-5, 0, 1e-5, 0.999),
  integers([3], -1, 2),
  { inputs: [values(-1, 1, 1.5, NaN)], noGradient: 'infinite at the ends' },
]

const all: Samples[] = [
  samples(sin, { torch: 'torch.sin', inputs: [...shapes, values(-100, -1e-7, 0, 1, 3.14159265, 1000)] }),
  samples(cos, { torch: 'torch.cos', inputs: [...shapes, values(-100, -1e-7, 0, 1, 3.14159265, 1000)] }),
  samples(tan, {
    torch: 'torch.tan',
    inputs: [...shapes.map((s) => (s.dtype === 'int32' ? s : uniform(s.shape, -1.2, 1.2))), values(-1, 0, 1, 4)],
  }),
  samples(tanh, { torch: 'torch.tanh', inputs: [...shapes, values(-100, -3, -1e-5, 0, 1e-5, 0.5, 100)] }),
  samples(atan2, {
    torch: 'torch.atan2',
    inputs: [
      [randn([3, 4]), randn([3, 4])],
      [randn([3, 4]), randn([4])],
      [randn([3, 1]), randn([1, 4])],
      [randn([]), randn([2])],
      [randn([0, 3]), randn([3])],
      { inputs: [values(0, 0, 1, -1), values(1, -1, 0, 0)], noGradient: 'a step along y = 0 crosses the cut' },
    ],
  }),
  samples(asin, { torch: 'torch.asin', inputs: inside, kinks: [-1, -0.999, 0.999, 1] }),
  samples(acos, { torch: 'torch.acos', inputs: inside, kinks: [-1, -0.999, 0.999, 1] }),
  samples(atan, { torch: 'torch.atan', inputs: [...shapes, values(-100, -1e-5, 0, 1e-5, 1, 1e6)] }),
]
export default all
