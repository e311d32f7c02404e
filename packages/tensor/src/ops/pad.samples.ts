import { integers, randn, type SampleInputs, type Samples, samples } from '../samples/format.ts'
import { pad } from './pad.ts'

const torchPads = 'PyTorch pads the last dimensions of two or more only'
const borders: SampleInputs = (['reflect', 'replicate', 'circular'] as const).flatMap((mode) => [
  { inputs: [randn([2, 3, 5])], args: [[1, 2], { mode }] },
  { inputs: [randn([1, 2, 5])], args: [[0, 3], { mode }] },
  { inputs: [randn([1, 2, 4, 5])], args: [[2, 1, 0, 3], { mode }] },
  { inputs: [randn([4])], args: [[2, 1], { mode }], noTorch: torchPads },
  { inputs: [integers([3, 4], -9, 9)], args: [[1, 1, 2, 0], { mode }], noTorch: torchPads },
])

const all: Samples = samples(pad, {
  torch: 'F.pad',
  inputs: [
    { inputs: [randn([3, 4])], args: [[1, 2]] },
    { inputs: [randn([3, 4])], args: [[1, 0, 0, 2], { value: 2.5 }] },
    { inputs: [randn([2, 3, 4])], args: [[-1, 2, 1, -2], { mode: 'constant', value: -1 }] },
    { inputs: [randn([3, 4])], args: [[]] },
    { inputs: [randn([1])], args: [[1, 1]] },
    { inputs: [randn([0, 3])], args: [[1, 1]] },
    { inputs: [randn([1, 1, 1])], args: [[2, 3], { mode: 'replicate' }] },
    ...borders,
  ],
})
export default all
