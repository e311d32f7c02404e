import { randn, type Samples, samples, values } from '../samples/format.ts'
import { softplus } from './softplus.ts'

const all: Samples = samples(softplus, {
  torch: 'F.softplus',
  inputs: [randn([3, 4]), randn([1]), randn([]), randn([0, 3]), values(-100, -1, 0, 1, 100)],
})
export default all
