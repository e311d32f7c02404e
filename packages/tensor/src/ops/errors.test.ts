/** What the ops say to somebody who calls them wrongly: the op, what it got, and what it takes. */
import { DTypeError, ShapeError } from '@tenon/kernel'
import { describe, expect, test } from 'vitest'
import * as ops from './index.ts'

const { ones, tensor } = ops
const x = (...shape: number[]) => ones(shape)
const index = (...positions: number[]) => tensor(Int32Array.from(positions))
const whole = (...shape: number[]) => ones(shape, { dtype: 'int32' })

type Wrong = readonly [call: () => unknown, error: new (message: string) => Error, message: RegExp]

const wrong: Record<string, readonly Wrong[]> = {
  'an index out of range is named with its op and the size': [
    [() => ops.narrow(x(3, 4), 1, 2, 3), ShapeError, /narrow: 3 elements from index 2 are out of range for dimension 1 of size 4/],
    [() => ops.narrow(x(3, 4), 0, -4, 1), ShapeError, /narrow: .* index -4 .* size 3/],
    [() => ops.take(x(2, 3), index(6)), ShapeError, /^take: index 6 is out of range for dimension 0 of size 6/],
    [
      () => ops.takeAlongDim(x(2, 3), tensor(Int32Array.of(3, 0), [2, 1]), 1),
      ShapeError,
      /^takeAlongDim: index 3 is out of range for dimension 1 of size 3/,
    ],
    [() => ops.indexAdd(x(3, 2), 0, index(3), x(1, 2)), ShapeError, /^indexAdd: index 3 is out of range for dimension 0 of size 3/],
    [() => ops.indexAdd(x(3, 2), 0, index(-1), x(1, 2)), ShapeError, /^indexAdd: index -1 is out of range for dimension 0 of size 3/],
  ],
  'arrays that a tensor cannot take as they are': [
    [
      () => tensor([1, 2], [2], { copy: false }),
      DTypeError,
      /copy: false takes a typed array as it is: for float32 it is a Float32Array; got object/,
    ],
    [
      () => tensor(Int32Array.of(1), [1], { dtype: 'float32', copy: false }),
      DTypeError,
      /for float32 it is a Float32Array; got Int32Array/,
    ],
    [() => tensor(Uint8Array.of(2), [1], { dtype: 'bool', copy: false }), DTypeError, /bools, .* are always copied; got Uint8Array/],
    [() => tensor(Float32Array.of(1, 2, 3), [2], { copy: false }), ShapeError, /^tensor: 3 values do not fill shape \[2\], which takes 2/],
  ],
  'sequences of unequal lengths': [
    [() => ops.stack([x(3), x(4)]), ShapeError, /stack.*\[3\].*\[4\]/],
    [
      () => ops.tensor([[1, 2], [3]]),
      ShapeError,
      /tensor: nested arrays must be rectangular; at depth 1 one has 1 entries, the first has 2/,
    ],
  ],
  'einsum names the subscript': [
    [() => ops.einsum('ij,jk->ik', x(2, 3), x(4, 2)), ShapeError, /subscript 'j' is 3 elsewhere and 4 in operand 1/],
    [() => ops.einsum('ij,jk', x(2, 3)), ShapeError, /'ij,jk' has 2 operands, got 1/],
    [() => ops.einsum('ijk->i', x(2, 3)), ShapeError, /subscript 'ijk' of operand 0 names 3 dimensions, and its shape is \[2, 3\]/],
    [() => ops.einsum('i', x(2, 3)), ShapeError, /subscript 'i' of operand 0 names 1 dimensions/],
    [() => ops.einsum('ij->ik', x(2, 3)), ShapeError, /subscript 'k' of the output stands in no operand/],
    [() => ops.einsum('ij->ii', x(2, 3)), ShapeError, /subscript 'i' stands twice in the output/],
    [() => ops.einsum('ii', x(2, 3)), ShapeError, /subscript 'i' stands twice in operand 0, for sizes 2 and 3/],
    [() => ops.einsum('i1->i', x(2, 3)), ShapeError, /'1' in subscript 'i1'/],
    [() => ops.einsum('......->', x(2, 3)), ShapeError, /'\.' in subscript/],
    [() => ops.einsum('i->j->k', x(2)), ShapeError, /more than one '->'/],
    [() => ops.einsum('...i,...i', x(2, 3), x(3, 3)), ShapeError, /subscript '\.\.\.' is 2 elsewhere and 3/],
    [() => ops.einsum('i,i', x(2), whole(2)), DTypeError, /float32 and int32 differ/],
  ],
  'padding that a mode cannot make': [
    [() => ops.pad(x(3), [1]), ShapeError, /pad: padding takes/],
    [() => ops.pad(x(3), [1, 1, 1, 1]), ShapeError, /\[3\], got \[1,1,1,1\]/],
    [() => ops.pad(x(2, 3), [3, 0], { mode: 'reflect' }), ShapeError, /mode 'reflect' takes 0 to 2 on each side of dimension 1 of size 3/],
    [() => ops.pad(x(2, 3), [0, 4], { mode: 'circular' }), ShapeError, /0 to 3/],
    [() => ops.pad(x(0, 3), [0, 0, 1, 0], { mode: 'replicate' }), ShapeError, /dimension 0 of size 0/],
    [() => ops.pad(x(3), [-1, 0], { mode: 'replicate' }), ShapeError, /got \[-1, 0\]/],
    [() => ops.pad(x(3), [-2, -2]), ShapeError, /crops more than dimension 0 of size 3/],
    [() => ops.pad(x(3), [1, 1], { mode: 'edge' as 'reflect' }), RangeError, /got 'edge'/],
  ],
  'repeats and shifts': [
    [() => ops.repeat(x(2, 3), [2]), ShapeError, /each of the 2 dimensions of \[2, 3\]/],
    [() => ops.tile(x(2), [-1]), ShapeError, /got \[-1\]/],
    [() => ops.repeatInterleave(x(3), [1, 2]), ShapeError, /each of the 3 elements/],
    [() => ops.repeatInterleave(x(3), 1.5, 0), ShapeError, /got 1.5/],
    [() => ops.roll(x(3, 2), [1, 2], 0), ShapeError, /shifts \[1, 2\] and dims \[0\]/],
  ],
  'diagonals and products': [
    [() => ops.tril(x(3)), ShapeError, /tril takes a tensor of at least two dimensions, got \[3\]/],
    [() => ops.diagonal(x(2, 3), 0, 1, -1), ShapeError, /dim1 and dim2 must differ, got 1 and -1/],
    [() => ops.diag(x(2, 2, 2)), ShapeError, /a vector or a matrix, got \[2, 2, 2\]/],
    [() => ops.trace(x(3)), ShapeError, /trace takes a matrix, got \[3\]/],
    [() => ops.outer(x(2, 2), x(2)), ShapeError, /outer takes two vectors/],
    [() => ops.inner(x(2, 3), x(2, 4)), ShapeError, /3 of \[2, 3\] and 4 of \[2, 4\]/],
    [() => ops.meshgrid([x(2), x(2, 2)]), ShapeError, /meshgrid takes vectors, got one of shape \[2, 2\]/],
  ],
  'reductions and activations': [
    [() => ops.norm(whole(3)), DTypeError, /norm takes a float tensor, got int32/],
    [() => ops.norm(x(3), NaN), RangeError, /got NaN/],
    [() => ops.norm(x(0), Infinity), ShapeError, /max of no elements/],
    [() => ops.median(x(2, 0), 1), ShapeError, /median: dimension 1 has size 0/],
    [() => ops.median(x(2), 1), ShapeError, /median: dimension 1 is out of range/],
    [() => ops.varMean(whole(3)), DTypeError, /float tensor, got int32/],
    [() => ops.prelu(x(2, 3), x(2)), ShapeError, /each of 3 channels, got \[2\]/],
    [() => ops.glu(x(2, 3)), ShapeError, /odd in \[2, 3\]/],
    [() => ops.celu(x(2), 0), RangeError, /celu: alpha/],
    [() => ops.softshrink(x(2), -1), RangeError, /lambda is a number ≥ 0, got -1/],
    [() => ops.hardtanh(x(2), 1, 0), RangeError, /got 1 and 0/],
  ],
  pictures: [
    [() => ops.convTranspose2d(x(1, 3, 4, 4), x(2, 3, 2, 2)), ShapeError, /the weight expects 2 input channels, got input \[1, 3, 4, 4\]/],
    [
      () => ops.convTranspose1d(x(1, 2, 4), x(2, 3, 2), null, { stride: 2, outputPadding: 2 }),
      ShapeError,
      /outputPadding must be less than the stride or the dilation, got 2 for stride 2 and dilation 1/,
    ],
    [() => ops.convTranspose1d(x(1, 2, 4), x(2, 3, 2), x(2)), ShapeError, /each of 3 output channels, got \[2\]/],
    [() => ops.convTranspose1d(x(1, 2, 2), x(2, 3, 2), null, { padding: 3 }), ShapeError, /output size of spatial axis 0 is -3/],
    [() => ops.convTranspose1d(x(1, 3, 2), x(3, 3, 2), null, { groups: 2 }), ShapeError, /groups must divide the 3 input channels/],
    [() => ops.maxPool1d(x(2, 2, 4, 4), 2), ShapeError, /maxPool1d takes an input \[n, c, l\] or \[c, l\]/],
    [() => ops.avgPool2d(x(1, 4, 4), 2, { divisorOverride: 0 }), RangeError, /divisorOverride/],
    [() => ops.adaptiveAvgPool2d(x(1, 4, 4), [2]), ShapeError, /outputSize takes .* got \[2\]/],
    [() => ops.adaptiveMaxPool1d(x(1, 0), 2), ShapeError, /without elements/],
    [() => ops.interpolate(x(1, 1, 3, 3), {}), ShapeError, /either a size or a scaleFactor/],
    [() => ops.interpolate(x(1, 1, 3), { size: 2, mode: 'bilinear' }), ShapeError, /'bilinear' takes .* 2 spatial axes\], got \[1, 1, 3\]/],
    [() => ops.interpolate(x(1, 1, 3), { size: 2, alignCorners: true }), RangeError, /alignCorners/],
    [() => ops.interpolate(x(1, 1, 3), { scaleFactor: 0.1 }), ShapeError, /from size 3 to 0/],
    [() => ops.interpolate(whole(1, 1, 3), { size: 2 }), DTypeError, /got int32/],
    [() => ops.pixelShuffle(x(6, 2, 2), 2), ShapeError, /square of the factor 2 must divide the 6 channels/],
    [() => ops.pixelUnshuffle(x(1, 3, 4), 2), ShapeError, /the factor 2 must divide height and width of \[1, 3, 4\]/],
    [() => ops.unfold(x(1, 1, 2, 2), 3), ShapeError, /a patch spanning 3 does not fit the padded size 2/],
    [() => ops.fold(x(1, 4, 5), [3, 3], 2), ShapeError, /has 4 patches of 2×2, so the input is \[n, c·4, 4\], got \[1, 4, 5\]/],
  ],
  draws: [
    [() => ops.normal(0, -1, [2]), RangeError, /got -1/],
    [() => ops.uniform(1, 0, [2]), RangeError, /got 1 and 0/],
    [() => ops.permutation(-1), ShapeError, /permutation: n must be a whole number ≥ 0, got -1/],
    [() => ops.permutation(2.5), ShapeError, /got 2.5/],
  ],
}

describe('a wrong call says which op it was, what it got and what it takes', () => {
  for (const [subject, calls] of Object.entries(wrong)) {
    test(subject, () => {
      for (const [call, error, message] of calls) {
        expect(call, String(message)).toThrow(error)
        expect(call, String(message)).toThrow(message)
      }
    })
  }
})
