/**
 * Random numbers that are a pure function of (seed, number of the draw, position): the same on every backend, whatever the order of evaluation.
 * The number of the draw lives in a Variable, so a captured step draws anew at each call.
 */
import { type Backend, BackendError } from '@tenon/kernel'
import { moveVariables } from './moving.ts'
import { arange, tensor } from './ops/create.ts'
import { markKept } from './realize.ts'
import { type Shape, sizeOf } from './shape.ts'
import { primitive, type Tensor } from './tensor.ts'
import { Variable } from './variable.ts'

const seedWords = (seed: number): Tensor => {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`a seed is a whole number from 0 to 2^53 − 1, got ${seed}`)
  return tensor(Uint32Array.of(seed % 2 ** 32, Math.floor(seed / 2 ** 32), 0))
}

/** A stream of random numbers with a seed of its own. */
export class Generator {
  /** uint32 [seed low, seed high, draws so far]: what a checkpoint saves. */
  readonly state: Variable

  constructor(seed: number) {
    this.state = new Variable(seedWords(seed), { name: 'generator' })
  }

  manualSeed(seed: number): void {
    this.state.assign(seedWords(seed))
  }

  /** Moves to another backend, where it goes on as it would have here. */
  to(backend: Backend): Promise<void> {
    return moveVariables([this.state], backend)
  }

  /** Uniform uint32 of this shape; the next draw will differ. */
  bits(shape: Shape): Tensor {
    // Kept, so that the gradient of a dropout finds the same mask though another draw has run since
    const state = this.state.detach()
    markKept(state)
    const word = (i: number): Tensor => state.slice(0, i, i + 1).broadcastTo([sizeOf(shape)])
    const bits = primitive('randomBits', [arange(sizeOf(shape), undefined, 1, { dtype: 'uint32' }), word(2), word(0), word(1)], {})
    this.state.assign(this.state.add(arange(3).eq(2).cast('uint32')))
    return bits.reshape(shape)
  }
}

let seedOfDefault = 0x7e707
let generator: Generator | null = null

/** The generator used where none is given. It lies on the current backend: `useBackend` takes it along. */
export function defaultGenerator(): Generator {
  generator ??= new Generator(seedOfDefault)
  return generator
}

/** Starts the default generator anew. */
export function manualSeed(seed: number): void {
  seedOfDefault = seed
  defaultGenerator().manualSeed(seed)
}

/** Takes it along to another backend. What a backend that is gone held of it is lost: then it will start anew. */
export async function moveDefaultGenerator(backend: Backend): Promise<void> {
  try {
    await generator?.state.data()
  } catch (reason) {
    if (!(reason instanceof BackendError)) throw reason
    generator = null
  }
  await generator?.to(backend)
}
