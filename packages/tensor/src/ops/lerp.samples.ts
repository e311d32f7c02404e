import { randn, type Samples, samples } from '../samples/format.ts'
import { lerp } from './lerp.ts'

const all: Samples = samples(lerp, {
  torch: 'torch.lerp',
  inputs: [
    { inputs: [randn([3, 4]), randn([3, 4])], args: [0.3] },
    [randn([3, 4]), randn([3, 4]), randn([3, 4])],
    [randn([3, 1]), randn([4]), randn([])],
    [randn([1]), randn([1]), randn([1])],
    [randn([0, 3]), randn([3]), randn([3])],
  ],
})
export default all
