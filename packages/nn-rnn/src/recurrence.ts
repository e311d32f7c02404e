/** The arithmetic of one step, which a cell does once and a layer for each step of a sequence. */
import { chunk, relu, sigmoid, type Tensor, tanh } from '@tenon/tensor'

export interface Weights {
  readonly weightIh: Tensor // [gates·H, in]
  readonly weightHh: Tensor // [gates·H, H]
  readonly biasIh: Tensor | null // [gates·H]
  readonly biasHh: Tensor | null // [gates·H]
  /** From H to the size of the state h, for an LSTM with projections. */
  readonly weightHr: Tensor | null // [P, H]
}

/** What one step hands to the next: [h], and [h, c] for an LSTM. */
export type Carry = readonly Tensor[]

/** A kind of recurrence. Leading dimensions may be [T, B], [B] or none. */
export interface Recurrence {
  /** How many blocks of H rows the weights have. */
  readonly gates: number
  /** What a carry holds. */
  readonly states: readonly string[]
  /** All that does not depend on the carry, so that it can be done for all steps at once.   [..., in] → [..., gates·H] */
  project(x: Tensor, weights: Weights): Tensor
  step(carry: Carry, projected: Tensor, weights: Weights): Carry
}

/** x Wᵀ */
const linear = (x: Tensor, weight: Tensor): Tensor => x.matmul(weight.transpose(0, 1))

function projectAll(x: Tensor, { weightIh, biasIh, biasHh }: Weights): Tensor {
  const y = linear(x, weightIh)
  return biasIh && biasHh ? y.add(biasIh.add(biasHh)) : y
}

const elman = (activation: (x: Tensor) => Tensor): Recurrence => ({
  gates: 1,
  states: ['h'],
  project: projectAll,
  step([h], x, { weightHh }) {
    return [activation(x.add(linear(h!, weightHh)))]
  },
})

/** h' = f(Wih x + bih + Whh h + bhh) */
export const rnn: Readonly<Record<'tanh' | 'relu', Recurrence>> = { tanh: elman(tanh), relu: elman(relu) }

/** Gates in the order i f g o: c' = σ(f) ⊙ c + σ(i) ⊙ tanh(g),  h' = σ(o) ⊙ tanh(c'). */
export const lstm: Recurrence = {
  gates: 4,
  states: ['h', 'c'],
  project: projectAll,
  step([h, c], x, { weightHh, weightHr }) {
    const [i, f, g, o] = chunk(x.add(linear(h!, weightHh)), 4, -1) as [Tensor, Tensor, Tensor, Tensor]
    const nextC = sigmoid(f)
      .mul(c!)
      .add(sigmoid(i).mul(tanh(g)))
    const nextH = sigmoid(o).mul(tanh(nextC))
    return [weightHr ? linear(nextH, weightHr) : nextH, nextC]
  },
}

/** Gates in the order r z n: n = tanh(xₙ + r ⊙ (Whn h + bhn)),  h' = (1 − z) ⊙ n + z ⊙ h. */
export const gru: Recurrence = {
  gates: 3,
  states: ['h'],
  project(x, { weightIh, biasIh, biasHh }) {
    const y = linear(x, weightIh)
    if (!biasIh || !biasHh) return y
    // The hidden bias of n stands inside the product with r, so it cannot be added here.
    const size = biasHh.size / 3
    return y.add(biasIh.add(biasHh.slice(0, 0, 2 * size).pad([[0, size]])))
  },
  step([h], x, { weightHh, biasHh }) {
    const [xr, xz, xn] = chunk(x, 3, -1) as [Tensor, Tensor, Tensor]
    const [hr, hz, hn] = chunk(linear(h!, weightHh), 3, -1) as [Tensor, Tensor, Tensor]
    const r = sigmoid(xr.add(hr))
    const z = sigmoid(xz.add(hz))
    const inner = biasHh ? hn.add(biasHh.slice(0, (2 * biasHh.size) / 3)) : hn
    const n = tanh(xn.add(r.mul(inner)))
    return [n.add(z.mul(h!.sub(n)))] // (1 − z) ⊙ n + z ⊙ h
  },
}
