import * as nn from '@tenon/nn'
import { f, indices, type LayerCase } from './case.ts'

export const dense: readonly LayerCase[] = [
  {
    name: 'Linear',
    torch: 'nn.Linear(3, 4)',
    make: (dtype) => new nn.Linear(3, 4, { dtype }),
    inputs: [f(2, 3)],
    refuses: [[f(2, 4)], [indices(3, 2, 3)]],
  },
  {
    name: 'Linear without bias, over three dimensions',
    torch: 'nn.Linear(3, 2, bias=False)',
    make: (dtype) => new nn.Linear(3, 2, { bias: false, dtype }),
    inputs: [f(2, 4, 3)],
  },
  {
    name: 'Bilinear',
    torch: 'nn.Bilinear(3, 4, 2)',
    make: (dtype) => new nn.Bilinear(3, 4, 2, { dtype }),
    inputs: [f(5, 3), f(5, 4)],
    refuses: [
      [f(5, 4), f(5, 4)],
      [f(5, 3), f(4, 4)],
    ],
  },
  {
    name: 'Bilinear without bias, over three dimensions',
    torch: 'nn.Bilinear(2, 3, 1, bias=False)',
    make: (dtype) => new nn.Bilinear(2, 3, 1, { bias: false, dtype }),
    inputs: [f(2, 2, 2), f(2, 2, 3)],
  },
  {
    name: 'Embedding',
    torch: 'nn.Embedding(5, 3)',
    make: (dtype) => new nn.Embedding(5, 3, { dtype }),
    inputs: [indices(5, 2, 4)],
    refuses: [[f(2, 4)], [indices(99, 8)]],
  },
  {
    name: 'Embedding with a row for padding',
    torch: 'nn.Embedding(5, 3, padding_idx=-2)',
    make: (dtype) => new nn.Embedding(5, 3, { paddingIdx: -2, dtype }),
    inputs: [indices(5, 12)],
    noDifferences: 'the row for padding has none by design; PyTorch agrees below',
  },
  {
    name: 'CosineSimilarity',
    torch: 'nn.CosineSimilarity()',
    make: () => new nn.CosineSimilarity(),
    inputs: [f(3, 4), f(3, 4)],
    refuses: [[f(3, 4), f(3, 5)]],
  },
  {
    name: 'CosineSimilarity along the first',
    torch: 'nn.CosineSimilarity(dim=0, eps=0.001)',
    make: () => new nn.CosineSimilarity({ dim: 0, eps: 1e-3 }),
    inputs: [f(3, 4), f(3, 4)],
  },
]
