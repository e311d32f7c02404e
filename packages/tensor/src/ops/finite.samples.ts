import { integers, randn, type Samples, samples, values } from '../samples/format.ts'
import { isfinite, isinf, isnan, nanToNum } from './finite.ts'

const inputs = [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), values(NaN, Infinity, -Infinity, 0, 3e38), integers([3], -2, 3)]

const all: Samples[] = [
  samples(isnan, { torch: 'torch.isnan', inputs }),
  samples(isfinite, { torch: 'torch.isfinite', inputs }),
  samples(isinf, { torch: 'torch.isinf', inputs }),
  samples(nanToNum, {
    torch: 'torch.nan_to_num',
    inputs: [
      ...inputs.filter((spec) => spec.fill.kind !== 'values'),
      { inputs: [values(NaN, 1, NaN)] },
      { inputs: [values(NaN, Infinity, -Infinity, 0, 3)], args: [{ nan: 7, posinf: 8, neginf: -9 }] },
      { inputs: [values(NaN, Infinity, -Infinity, 0)], noTorch: 'the greatest float64 is no float32' },
    ],
  }),
]
export default all
