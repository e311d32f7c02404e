import { booleans, integers, randn, type Samples, samples } from '../samples/format.ts'
import { where } from './where.ts'

const all: Samples = samples(where, {
  torch: 'lambda c, a, b: torch.where(c, a, torch.as_tensor(b, dtype=a.dtype))',
  inputs: [
    [booleans([3, 4]), randn([3, 4]), randn([3, 4])],
    [booleans([3, 1]), randn([4]), randn([3, 4])],
    [booleans([3, 4]), randn([]), randn([1, 4])],
    [booleans([1]), randn([1]), randn([1])],
    [booleans([0, 3]), randn([0, 3]), randn([3])],
    [booleans([4]), integers([4], -5, 5), integers([4], -5, 5)],
    { inputs: [booleans([2, 3]), randn([2, 3])], args: [0] },
  ],
})
export default all
