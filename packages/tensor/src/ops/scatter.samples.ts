import { filled, integers, randn, type Samples, samples } from '../samples/format.ts'
import { isTensor } from '../tensor.ts'
import { scatter } from './scatter.ts'

const all: Samples = samples(scatter, {
  torch: 'lambda x, i, a, b: x.scatter(b, i.long(), a) if torch.is_tensor(a) else x.scatter(a, i.long(), b)',
  call: (x, index, a, b) => (isTensor(a) ? scatter(x, b, index, a) : scatter(x, a, index, b)),
  inputs: [
    { inputs: [randn([3, 5]), filled([3, 3], [0, 2, 4, 4, 3, 1, 1, 0, 2], 'int32'), randn([3, 3])], args: [1] },
    { inputs: [randn([4]), filled([2], [3, 0], 'int32'), randn([2])], args: [0] },
    {
      inputs: [randn([3, 5]), filled([2, 2], [0, 2, 1, 0], 'int32'), randn([4, 2])],
      args: [0],
      noTorch: 'PyTorch has no gradient for a larger src',
    },
    { inputs: [randn([2, 4, 3]), filled([1, 2, 3], [0, 1, 2, 3, 0, 1], 'int32'), randn([1, 2, 3])], args: [-2] },
    { inputs: [randn([3, 5]), filled([3, 2], [0, 2, 4, 3, 1, 0], 'int32')], args: [1, 2.5] },
    { inputs: [integers([6], 0, 9), filled([2], [5, 5], 'int32')], args: [0, -1] },
    {
      inputs: [integers([6], 0, 9), filled([3], [1, 1, 1], 'int32'), integers([3], 0, 9)],
      args: [0],
      noTorch: 'PyTorch may leave any of them',
    },
    { inputs: [randn([1]), integers([1], 0, 1), randn([1])], args: [0] },
    { inputs: [randn([3, 4]), integers([0, 4], 0, 3), randn([0, 4])], args: [0] },
  ],
  without: { broadcast: 'the index has a shape of its own' },
})
export default all
