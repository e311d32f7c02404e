import { integers, randn, type Samples, samples, values } from '../samples/format.ts'
import { isfinite, isinf, isnan } from './finite.ts'

const inputs = [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), values(NaN, Infinity, -Infinity, 0, 3e38), integers([3], -2, 3)]

const all: Samples[] = [
  samples(isnan, { torch: 'torch.isnan', inputs }),
  samples(isfinite, { torch: 'torch.isfinite', inputs }),
  samples(isinf, { torch: 'torch.isinf', inputs }),
]
export default all
