import { expanded, integers, randn, type SampleInputs, type Samples, samples } from '../samples/format.ts'
import { einsum } from './einsum.ts'

const cases = (...list: [equation: string, ...shapes: number[][]][]): SampleInputs =>
  list.map(([equation, ...shapes]) => ({ inputs: shapes.map(randn), args: [equation] }))

const all: Samples = samples(einsum, {
  torch: 'lambda *a: torch.einsum(a[-1], *a[:-1])',
  call: (...a) => einsum(a.at(-1), ...a.slice(0, -1)),
  inputs: [
    ...cases(
      ['ij,jk->ik', [3, 4], [4, 2]],
      ['ij,jk', [3, 4], [4, 2]],
      ['bhqd,bhkd->bhqk', [2, 2, 3, 4], [2, 2, 5, 4]],
      ['bqk, bkhd -> bqhd', [2, 3, 4], [2, 4, 2, 3]],
      ['i,i->', [4], [4]],
      ['i,j->ij', [3], [4]],
      ['bi,bi->b', [3, 4], [3, 4]],
      ['bij,bj->bi', [2, 3, 4], [2, 4]],
      ['ij->ji', [3, 4]],
      ['ij->j', [3, 4]],
      ['ij->', [3, 4]],
      ['ba', [3, 4]],
      ['bB', [2, 3]],
      ['ii->i', [3, 3]],
      ['ii', [3, 3]],
      ['iji->j', [3, 2, 3]],
      ['iii->i', [2, 2, 2]],
      ['ii,ij->j', [3, 3], [3, 2]],
      ['...ij,...jk->...ik', [2, 1, 3, 4], [5, 4, 2]],
      ['...ij,...jk', [2, 3, 4], [4, 2]],
      ['...i->i', [2, 3, 4]],
      ['i...,i...->...', [3, 2, 4], [3, 4]],
      ['a...b->b...a', [2, 3, 4]],
      ['...,...', [2, 3], [3]],
      ['ij,j->i', [2, 1], [3]],
      ['ij,ij->ij', [2, 3], [1, 3]],
      ['ij,jk,kl->il', [2, 3], [3, 4], [4, 2]],
      ['bn,anm,bm->ba', [2, 3], [4, 3, 2], [2, 2]],
      ['ij,kl,ij->k', [2, 3], [2, 2], [2, 3]],
      ['abcd,cdef->abef', [2, 1, 3, 2], [3, 2, 2, 2]],
      ['ac,bc->cab', [2, 3], [4, 3]],
      [',i->i', [], [3]],
      ['->', []],
      ['ij,jk->ik', [1, 1], [1, 1]],
      ['ij,jk->ik', [3, 0], [0, 2]],
      ['ij,jk->ik', [0, 3], [3, 2]],
      ['ij->j', [0, 3]],
    ),
    { inputs: [integers([2, 3], -5, 5), integers([3, 2], -5, 5)], args: ['ij,jk->ki'] },
    { inputs: [expanded(randn([3, 1]), [3, 4]), randn([4, 2])], args: ['ij,jk->ik'] },
  ],
})
export default all
