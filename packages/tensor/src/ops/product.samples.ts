import { integers, randn, type Samples, samples } from '../samples/format.ts'
import { inner, kron, outer } from './product.ts'

const all: Samples[] = [
  samples(outer, {
    torch: 'torch.outer',
    inputs: [
      [randn([3]), randn([3])],
      [randn([3]), randn([4])],
      [randn([1]), randn([1])],
      [randn([0]), randn([3])],
      [integers([3], -5, 5), integers([3], -5, 5)],
    ],
  }),
  samples(inner, {
    torch: 'torch.inner',
    inputs: [
      [randn([4]), randn([4])],
      [randn([2, 3]), randn([3])],
      [randn([2, 3]), randn([4, 5, 3])],
      [randn([3]), randn([2, 3])],
      [randn([2, 3]), randn([])],
      [randn([1]), randn([1])],
      [randn([2, 0]), randn([3, 0])],
    ],
  }),
  samples(kron, {
    torch: 'torch.kron',
    inputs: [
      [randn([2, 3]), randn([2, 3])],
      [randn([2, 3]), randn([2])],
      [randn([1]), randn([1])],
      [randn([0, 2]), randn([2, 2])],
    ],
  }),
]
export default all
