/** Who competes on gpu.js: kernels written by hand, Tenon, and the libraries that use gpu.js. */
import type { Contender } from './contender.ts'
import type { HandMode } from './hand-kernels.ts'
import { ownPeer } from './peer.ts'

type Kind = 'mlp-train' | 'matmul' | 'conv'

const byHand = (mode: HandMode): string => `by-hand-${mode}`

const byHandAndTenon = (kind: Kind, mode: HandMode): readonly Contender[] =>
  (['by-hand', 'tenon'] as const).map((who) => {
    const step = `gpujs-${kind}/${who}`
    return {
      system: who === 'tenon' ? `tenon-gpujs-${mode}` : byHand(mode),
      threads: 1,
      program: mode === 'webgl2' ? ownPeer('gpujs-webgl2', step) : ownPeer(step, mode),
      reference: byHand(mode),
    }
  })

const ownMathematics = 'one sample at a time, so 32 updates a step; sigmoid in both layers, since all have one activation; squared errors'
const sgd = 'it has only Adam, so SGD is written for it'

const libraries: readonly Contender[] = [
  {
    system: 'brainjs',
    threads: 1,
    program: ownPeer('gpujs-mlp-train/brain'),
    reference: byHand('cpu'),
    ownLosses: true,
    note: `no gpu.js; ${ownMathematics}`,
  },
  {
    system: 'brainjs-gpu-cpu',
    threads: 1,
    program: ownPeer('gpujs-mlp-train/brain', 'cpu'),
    reference: byHand('cpu'),
    ownLosses: true,
    note: ownMathematics,
  },
  {
    system: 'js-pytorch-cpu',
    threads: 1,
    program: ownPeer('gpujs-mlp-train/js-pytorch', 'cpu'),
    reference: byHand('cpu'),
    note: `no gpu.js; ${sgd}`,
  },
  {
    system: 'js-pytorch-gpu',
    threads: 1,
    program: ownPeer('gpujs-mlp-train/js-pytorch', 'gpu'),
    reference: byHand('webasm'),
    note: `gpu.js, in webasm, for products of matrices alone; ${sgd}`,
  },
]

export interface GpujsBenchmark {
  readonly what: string
  readonly contenders: readonly Contender[]
}

const inNode: readonly HandMode[] = ['cpu', 'webasm']
const whats: Readonly<Record<Kind, string>> = {
  'mlp-train': 'a training step of 64 → 64 relu → 10, cross-entropy, batch 32, SGD 0.1',
  matmul: 'a product of 256×256 matrices',
  conv: 'a training step of a 3×3 convolution, 8×8×14×14 to 16 features, whose input learns too',
}

/** `gpujs-KIND` in Node, and `gpujs-webgl2-KIND` in Chromium. */
export const gpujsBenchmarks: Readonly<Record<string, GpujsBenchmark>> = Object.fromEntries(
  (Object.keys(whats) as Kind[]).flatMap((kind) => [
    [
      `gpujs-${kind}`,
      {
        what: `${whats[kind]}, on gpu.js`,
        contenders: [...inNode.flatMap((mode) => byHandAndTenon(kind, mode)), ...(kind === 'mlp-train' ? libraries : [])],
      },
    ],
    [`gpujs-webgl2-${kind}`, { what: `${whats[kind]}, on gpu.js in Chromium, in WebGL 2`, contenders: byHandAndTenon(kind, 'webgl2') }],
  ]),
)
