import { Generator } from '../generator.ts'
import { filled, integers, type Samples, samples, uniform } from '../samples/format.ts'
import { multinomial } from './multinomial.ts'

const all: Samples = samples(multinomial, {
  torch: { none: 'PyTorch draws other numbers' },
  call: (w, k, replacement) => multinomial(w, k, { replacement, generator: new Generator(7) }),
  inputs: [true, false].flatMap((replacement) => [
    { inputs: [uniform([4, 9], 0, 1)], args: [5, replacement] },
    { inputs: [uniform([30], 0, 1)], args: [1, replacement] },
    { inputs: [uniform([2, 3, 5], 0, 1)], args: [2, replacement] },
    { inputs: [filled([6], [0, 1, 0, 3, 2, 0])], args: [3, replacement] },
    { inputs: [integers([8], 1, 5)], args: [4, replacement] },
    { inputs: [uniform([1], 0.1, 1)], args: [1, replacement] },
    { inputs: [uniform([0, 3], 0, 1)], args: [2, replacement] },
  ]),
})
export default all
