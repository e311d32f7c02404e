import { integers, randn, type Samples, samples, values } from '../samples/format.ts'
import { logSigmoid, sigmoid } from './sigmoid.ts'

const inputs = [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), values(-100, -30, -1, 0, 1, 30, 100)]

const all: Samples[] = [
  samples(sigmoid, { torch: 'torch.sigmoid', inputs: [...inputs, integers([3], -2, 3)] }),
  samples(logSigmoid, { torch: 'F.logsigmoid', inputs }),
]
export default all
