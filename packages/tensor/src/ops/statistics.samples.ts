import { booleans, filled, integers, randn, type SampleInputs, type Samples, samples, values } from '../samples/format.ts'
import { countNonzero, nansum, varMean } from './statistics.ts'

const holes: SampleInputs = [
  randn([3, 4]),
  { inputs: [filled([2, 3], [1, NaN, 2, NaN, NaN, NaN])], args: [1] },
  { inputs: [filled([2, 3], [1, NaN, 2, NaN, NaN, NaN])], args: [0, { keepdim: true }] },
  { inputs: [randn([2, 3, 2])], args: [[0, 2]] },
  values(Infinity),
  randn([1]),
  randn([0, 3]),
]

const all: Samples[] = [
  samples(varMean, {
    torch:
      'lambda x, d=None, keepdim=False, correction=1: torch.var_mean(x, dim=tuple(range(x.ndim)) if d is None else d, keepdim=keepdim, correction=correction)',
    inputs: [
      randn([3, 4]),
      { inputs: [randn([3, 4])], args: [0] },
      { inputs: [randn([2, 3, 4])], args: [[0, 2], { keepdim: true }] },
      { inputs: [randn([3, 4])], args: [1, { correction: 0 }] },
      { inputs: [randn([1, 3])], args: [1] },
      { inputs: [randn([1, 3])], args: [0, { correction: 0 }] },
      { inputs: [randn([0, 3])], args: [1] },
    ],
  }),
  samples(nansum, { torch: 'torch.nansum', inputs: holes.map((c) => ('inputs' in c ? { ...c, noGradient: 'NaN' } : c)) }),
  samples(countNonzero, {
    torch: 'torch.count_nonzero',
    inputs: [
      integers([3, 4], -1, 2),
      { inputs: [booleans([3, 4])], args: [1] },
      { inputs: [integers([2, 3, 4], 0, 2)], args: [[0, -1]] },
      values(0, NaN, -2, Infinity),
      integers([1], 0, 2),
      { inputs: [randn([0, 3])], args: [0] },
    ],
  }),
]
export default all
