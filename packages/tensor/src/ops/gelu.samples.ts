import { randn, type Samples, samples, values } from '../samples/format.ts'
import { gelu } from './gelu.ts'

const all: Samples = samples(gelu, {
  torch: 'F.gelu',
  inputs: [
    randn([3, 4]),
    randn([1]),
    randn([]),
    randn([0, 3]),
    values(-20, -1, 0, 1, 20),
    { inputs: [randn([3, 4])], args: [{ approximate: 'tanh' }] },
    { inputs: [values(-20, -1, 0, 1, 20)], args: [{ approximate: 'tanh' }] },
  ],
})
export default all
