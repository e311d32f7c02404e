import { integers, randn, type Samples, samples, values } from '../samples/format.ts'
import { erf } from './erf.ts'

const all: Samples = samples(erf, {
  torch: 'torch.erf',
  inputs: [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), integers([3], -2, 3), values(-10, -2, -1e-5, 0, 1e-5, 0.5, 1, 10)],
})
export default all
