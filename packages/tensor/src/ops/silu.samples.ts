import { randn, type Samples, samples, values } from '../samples/format.ts'
import { hardsigmoid, hardswish, silu } from './silu.ts'

const inputs = [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), values(-100, -4, -1, 0, 1, 4, 100)]

const all: Samples[] = [
  samples(silu, { torch: 'F.silu', inputs }),
  samples(hardsigmoid, { torch: 'F.hardsigmoid', inputs, kinks: [-3, 3] }),
  samples(hardswish, { torch: 'F.hardswish', inputs, kinks: [-3, 3] }),
]
export default all
