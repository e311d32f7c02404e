import { integers, randn, type SampleInputs, type Samples, samples, values } from './format.ts'

const inputs: SampleInputs = [
  [randn([3, 4]), randn([3, 4])],
  [integers([3, 4], 0, 3), integers([4], 0, 3)],
  [randn([3, 1]), randn([1, 4])],
  [randn([1]), randn([1])],
  [randn([0, 3]), randn([3])],
  [values(0, 1, NaN, NaN, Infinity, -Infinity), values(-0, 1, NaN, 0, Infinity, 0)],
  { inputs: [integers([6], -2, 3)], args: [1] },
  { inputs: [integers([6], -2, 3)], args: [0.5] },
]

const all: Samples[] = [
  samples('eq', { torch: 'torch.eq', inputs }),
  samples('ne', { torch: 'torch.ne', inputs }),
  samples('lt', { torch: 'torch.lt', inputs }),
  samples('le', { torch: 'torch.le', inputs }),
  samples('gt', { torch: 'torch.gt', inputs }),
  samples('ge', { torch: 'torch.ge', inputs }),
]
export default all
