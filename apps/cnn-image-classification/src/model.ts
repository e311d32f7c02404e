/** The models and how each is trained by default. All take images [B, 1, 28, 28] and give logits [B, 10]. */
import { Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '@tenon/nn'

export interface Preset {
  readonly build: () => Sequential
  /** The layers in a line, for the first lines of a run. */
  readonly summary: string
  readonly optimizer: 'adam' | 'sgd'
  /** The learning rate over the run: falling from its peak to 0 along a cosine, or the same throughout. */
  readonly schedule: 'cosine' | 'constant'
  readonly epochs: number
}

export type PresetName = 'small' | 'article' | 'tiny'

export const presets: Readonly<Record<PresetName, Preset>> = {
  /** Two convolutions, 206,922 parameters: over 98.5 % on MNIST in two epochs. */
  small: {
    build: () =>
      new Sequential(
        new Conv2d(1, 16, 3, { padding: 1 }), // [B, 16, 28, 28]
        new ReLU(),
        new MaxPool2d(2), //                     [B, 16, 14, 14]
        new Conv2d(16, 32, 3, { padding: 1 }), // [B, 32, 14, 14]
        new ReLU(),
        new MaxPool2d(2), //                     [B, 32, 7, 7]
        new Flatten(), //                        [B, 1568]
        new Linear(1568, 128),
        new ReLU(),
        new Linear(128, 10),
      ),
    summary: 'conv 1→16 3×3, relu, pool, conv 16→32 3×3, relu, pool, linear 1568→128, relu, linear 128→10',
    optimizer: 'adam',
    schedule: 'cosine',
    epochs: 2,
  },
  /** One wide convolution and a very large linear layer, 12,555,650 parameters, trained with plain momentum. */
  article: {
    build: () =>
      new Sequential(
        new Conv2d(1, 64, 3, { padding: 1 }), // [B, 64, 28, 28]
        new ReLU(),
        new MaxPool2d(2), //                     [B, 64, 14, 14]
        new Flatten(), //                        [B, 12544]
        new Linear(12544, 1000),
        new ReLU(),
        new Linear(1000, 10),
      ),
    summary: 'conv 1→64 3×3, relu, pool, linear 12544→1000, relu, linear 1000→10',
    optimizer: 'sgd',
    schedule: 'constant',
    epochs: 10,
  },
  /** Small enough for a test on any backend: 3,362 parameters. */
  tiny: {
    build: () =>
      new Sequential(
        new MaxPool2d(2), //                    [B, 1, 14, 14]
        new Conv2d(1, 4, 3, { padding: 1 }), // [B, 4, 14, 14]
        new ReLU(),
        new MaxPool2d(2), //                    [B, 4, 7, 7]
        new Flatten(), //                       [B, 196]
        new Linear(196, 16),
        new ReLU(),
        new Linear(16, 10),
      ),
    summary: 'pool, conv 1→4 3×3, relu, pool, linear 196→16, relu, linear 16→10',
    optimizer: 'adam',
    schedule: 'cosine',
    epochs: 1,
  },
}
