import * as nn from '@tenon/nn'
import { f, type LayerCase } from './case.ts'

export const convolutions: readonly LayerCase[] = [
  {
    name: 'Conv1d',
    torch: 'nn.Conv1d(2, 3, 3)',
    make: (dtype) => new nn.Conv1d(2, 3, 3, { dtype }),
    inputs: [f(2, 2, 6)],
    refuses: [[f(2, 3, 6)], [f(2, 2, 2)], [f(1, 1, 2, 6)]],
  },
  {
    name: 'Conv1d, strided, padded, dilated, grouped',
    torch: 'nn.Conv1d(2, 4, 3, stride=2, padding=2, dilation=2, groups=2, bias=False)',
    make: (dtype) => new nn.Conv1d(2, 4, 3, { stride: 2, padding: 2, dilation: 2, groups: 2, bias: false, dtype }),
    inputs: [f(2, 2, 7)],
  },
  {
    name: 'Conv1d, same size, no batch',
    torch: "nn.Conv1d(2, 2, 4, padding='same')",
    make: (dtype) => new nn.Conv1d(2, 2, 4, { padding: 'same', dtype }),
    inputs: [f(2, 6)],
  },
  {
    name: 'Conv2d',
    torch: 'nn.Conv2d(2, 3, (3, 2))',
    make: (dtype) => new nn.Conv2d(2, 3, [3, 2], { dtype }),
    inputs: [f(2, 2, 4, 4)],
    refuses: [[f(2, 3, 4, 4)], [f(2, 2, 2, 4)]],
  },
  {
    name: 'Conv2d, strided, padded, dilated, grouped',
    torch: 'nn.Conv2d(2, 4, 3, stride=(1, 2), padding=(2, 1), dilation=(2, 1), groups=2, bias=False)',
    make: (dtype) => new nn.Conv2d(2, 4, 3, { stride: [1, 2], padding: [2, 1], dilation: [2, 1], groups: 2, bias: false, dtype }),
    inputs: [f(1, 2, 4, 5)],
  },
  {
    name: 'Conv1d, around the other end, of an even kernel',
    torch: "nn.Conv1d(2, 1, 4, padding='same', padding_mode='circular')",
    make: (dtype) => new nn.Conv1d(2, 1, 4, { padding: 'same', paddingMode: 'circular', dtype }),
    inputs: [f(1, 2, 5)],
  },
  {
    name: 'Conv2d, mirrored',
    torch: "nn.Conv2d(1, 2, 3, stride=2, padding=(1, 2), padding_mode='reflect')",
    make: (dtype) => new nn.Conv2d(1, 2, 3, { stride: 2, padding: [1, 2], paddingMode: 'reflect', dtype }),
    inputs: [f(1, 1, 4, 4)],
    refuses: [[f(1, 1, 4, 2)]],
  },
  {
    name: 'Conv2d, edges repeated',
    torch: "nn.Conv2d(1, 2, (3, 2), padding=1, padding_mode='replicate')",
    make: (dtype) => new nn.Conv2d(1, 2, [3, 2], { padding: 1, paddingMode: 'replicate', dtype }),
    inputs: [f(1, 1, 3, 3)],
  },
  {
    name: 'ConvTranspose1d',
    torch: 'nn.ConvTranspose1d(2, 3, 3)',
    make: (dtype) => new nn.ConvTranspose1d(2, 3, 3, { dtype }),
    inputs: [f(2, 2, 4)],
    refuses: [[f(2, 3, 4)], [f(1, 2, 4, 4)]],
  },
  {
    name: 'ConvTranspose1d, strided, padded, dilated, grouped, no batch',
    torch: 'nn.ConvTranspose1d(4, 2, 3, stride=3, padding=2, output_padding=1, dilation=2, groups=2, bias=False)',
    make: (dtype) =>
      new nn.ConvTranspose1d(4, 2, 3, { stride: 3, padding: 2, outputPadding: 1, dilation: 2, groups: 2, bias: false, dtype }),
    inputs: [f(4, 4)],
  },
  {
    name: 'ConvTranspose2d',
    torch: 'nn.ConvTranspose2d(2, 3, (3, 2))',
    make: (dtype) => new nn.ConvTranspose2d(2, 3, [3, 2], { dtype }),
    inputs: [f(1, 2, 2, 3)],
    refuses: [[f(2, 3, 4, 4)], [f(2, 4)]],
  },
  {
    name: 'ConvTranspose2d, strided, padded, dilated, grouped',
    torch: 'nn.ConvTranspose2d(2, 4, 3, stride=(2, 1), padding=(1, 2), output_padding=(1, 0), dilation=(1, 2), groups=2)',
    make: (dtype) =>
      new nn.ConvTranspose2d(2, 4, 3, { stride: [2, 1], padding: [1, 2], outputPadding: [1, 0], dilation: [1, 2], groups: 2, dtype }),
    inputs: [f(1, 2, 3, 3)],
  },
]
