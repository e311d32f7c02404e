import { randn, type Samples, samples } from '../samples/format.ts'
import { pixelShuffle, pixelUnshuffle } from './pixel-shuffle.ts'

const noTorch = 'the gradient of nothing fails in PyTorch 1.13'

const all: Samples[] = [
  samples(pixelShuffle, {
    torch: 'F.pixel_shuffle',
    inputs: [
      { inputs: [randn([2, 8, 3, 2])], args: [2] },
      { inputs: [randn([9, 2, 2])], args: [3] },
      { inputs: [randn([1, 1, 1])], args: [1] },
      { inputs: [randn([0, 4, 2, 3])], args: [2], noTorch },
    ],
  }),
  samples(pixelUnshuffle, {
    torch: 'F.pixel_unshuffle',
    inputs: [
      { inputs: [randn([2, 2, 4, 6])], args: [2] },
      { inputs: [randn([2, 3, 3])], args: [3] },
      { inputs: [randn([1, 1, 1])], args: [1] },
      { inputs: [randn([0, 1, 4, 2])], args: [2], noTorch },
    ],
  }),
]
export default all
