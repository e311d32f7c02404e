import { Dropout, Module, modulePath, type Parameter } from '@tenon/nn'
import { concat, type DType, type Generator, ShapeError, scan, showShape, stack, type Tensor, where, zeros } from '@tenon/tensor'
import { checkInput, checkState } from './check.ts'
import { checkSizes, uniformParameter } from './init.ts'
import { type Lengths, stepMask } from './lengths.ts'
import type { Carry, Recurrence, Weights } from './recurrence.ts'

/** What all recurrent layers take. */
export interface RecurrentOptions {
  /** Layers on top of each other, each reading the outputs of the one below. Default 1. */
  readonly numLayers?: number
  /** Default true. */
  readonly bias?: boolean
  /** Input and output are [B, T, ...] instead of [T, B, ...]; states stay [layers · directions, B, ...]. Default false. */
  readonly batchFirst?: boolean
  /** Probability with which elements between two layers are dropped while training. Default 0. */
  readonly dropout?: number
  /** Where dropout's random numbers come from. Default: the generator that `manualSeed` seeds. */
  readonly generator?: Generator
  /** A second set of weights reads the sequence from its end; outputs of both are joined, [forward, backward]. Default false. */
  readonly bidirectional?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/** Options of a call of a recurrent layer. */
export interface SequenceOptions {
  /**
   * Steps of each sequence of the batch, where they differ; what lies beyond is padding. As packed sequences in PyTorch: from its end on a
   * sequence keeps its state, outputs are 0, and the reverse direction begins at its end.
   */
  readonly lengths?: Lengths
}

type LayerWeights = 'weightIhL' | 'weightHhL' | 'biasIhL' | 'biasHhL' | 'weightHrL'

/** What RNN, LSTM and GRU share: layers, directions, batches, lengths. They differ in the arithmetic of a step. */
export abstract class Recurrent extends Module {
  readonly inputSize: number
  readonly hiddenSize: number
  /** Size of the state h where an LSTM projects it; else 0. */
  readonly projSize: number
  readonly numLayers: number
  readonly bias: boolean
  readonly batchFirst: boolean
  readonly dropout: number
  readonly bidirectional: boolean
  /** weightIhL0, weightHhL0, biasIhL0, biasHhL0, weightIhL0Reverse, … in PyTorch's order. */
  readonly [name: `${LayerWeights}${string}`]: Parameter
  readonly #recurrence: Recurrence
  readonly #drop: Dropout

  constructor(recurrence: Recurrence, inputSize: number, hiddenSize: number, projSize: number, options: RecurrentOptions) {
    super()
    const { numLayers = 1, bias = true, batchFirst = false, dropout = 0, generator, bidirectional = false, dtype = 'float32' } = options
    const who = new.target.name
    checkSizes(who, { inputSize, hiddenSize, numLayers })
    this.inputSize = inputSize
    this.hiddenSize = hiddenSize
    this.projSize = projSize
    this.numLayers = numLayers
    this.bias = bias
    this.batchFirst = batchFirst
    this.dropout = dropout
    this.bidirectional = bidirectional
    this.#recurrence = recurrence
    this.#drop = new Dropout(dropout, generator ? { generator } : {})
    if (dropout > 0 && numLayers === 1) {
      console.warn(`${who}: dropout acts between layers, and with numLayers=1 it does nothing`)
    }
    const rows = recurrence.gates * hiddenSize
    for (let layer = 0; layer < numLayers; layer++) {
      const width = layer === 0 ? inputSize : this.#directions.length * this.#outputSize
      for (const reverse of this.#directions) {
        const add = (name: LayerWeights, shape: readonly number[]): void => {
          ;(this as { [name: `${LayerWeights}${string}`]: Parameter })[weightName(name, layer, reverse)] = uniformParameter(
            shape,
            hiddenSize,
            dtype,
          )
        }
        add('weightIhL', [rows, width])
        add('weightHhL', [rows, this.#outputSize])
        if (bias) add('biasIhL', [rows])
        if (bias) add('biasHhL', [rows])
        if (projSize > 0) add('weightHrL', [projSize, hiddenSize])
      }
    }
  }

  get #directions(): readonly boolean[] {
    return this.bidirectional ? [false, true] : [false]
  }

  get #outputSize(): number {
    return this.projSize || this.hiddenSize
  }

  /** `initial` and the final state hold a tensor [layers · directions, B, size] for each part of the carry. */
  protected run(x: Tensor, initial: Carry | null, { lengths }: SequenceOptions): { output: Tensor; state: Carry } {
    this.#check(x, lengths)
    const batched = x.ndim === 3
    const sequence = !batched ? x.unsqueeze(1) : this.batchFirst ? x.transpose(0, 1) : x // [T, B, in]
    const [steps, batch] = sequence.shape as [number, number]
    const states = this.#initialState(initial, batched, batch)
    const mask = lengths && stepMask(modulePath(this), lengths, steps, batch)

    const finals: Carry[] = []
    // Padding may hold anything, NaN too, which must not reach a gradient.
    let y = mask ? where(mask, sequence, 0) : sequence
    for (let layer = 0; layer < this.numLayers; layer++) {
      if (layer > 0 && this.training) y = this.#drop.forward(y)
      const outputs = this.#directions.map((reverse) => {
        const first = states.map((state) => state.select(0, finals.length)) // [B, size] each
        const { carry, ys } = this.#pass(y, first, mask, this.#weights(layer, reverse), reverse)
        finals.push(carry)
        return ys
      })
      const joined = concat(outputs, 2) // [T, B, directions · size]
      y = mask ? where(mask, joined, 0) : joined
    }

    const state = states.map((_, k) => stack(finals.map((carry) => carry[k]!)))
    if (!batched) return { output: y.squeeze(1), state: state.map((s) => s.squeeze(1)) }
    return { output: this.batchFirst ? y.transpose(0, 1) : y, state }
  }

  /** One layer in one direction. The inputs of all steps are projected in one matmul, so that only the recurrence goes step by step. */
  #pass(x: Tensor, first: Carry, mask: Tensor | undefined, weights: Weights, reverse: boolean): { carry: Carry; ys: Tensor } {
    const recurrence = this.#recurrence
    const projected = recurrence.project(x, weights) // [T, B, gates·H]
    const body = (carry: Carry, [step, has]: readonly Tensor[]): { carry: Carry; y: Tensor } => {
      const stepped = recurrence.step(carry, step!, weights)
      const next = has ? stepped.map((state, k) => where(has, state, carry[k]!)) : stepped
      return { carry: next, y: next[0]! }
    }
    return scan(body, first, mask ? [projected, mask] : [projected], { reverse })
  }

  #weights(layer: number, reverse: boolean): Weights {
    const weight = (name: LayerWeights): Parameter => this[weightName(name, layer, reverse)]!
    return {
      weightIh: weight('weightIhL'),
      weightHh: weight('weightHhL'),
      biasIh: this.bias ? weight('biasIhL') : null,
      biasHh: this.bias ? weight('biasHhL') : null,
      weightHr: this.projSize > 0 ? weight('weightHrL') : null,
    }
  }

  #check(x: Tensor, lengths: Lengths | undefined): void {
    const path = modulePath(this)
    if (Array.isArray(x)) {
      const steps = (x as Tensor[]).map((sequence) => sequence.shape?.[0]).join(', ')
      throw new ShapeError(
        `${path} expects one tensor, got ${x.length} sequences; pad them with padSequence and pass { lengths: [${steps}] }`,
      )
    }
    if ((x.ndim !== 2 && x.ndim !== 3) || x.shape.at(-1) !== this.inputSize) {
      const layout = this.batchFirst ? 'B, T' : 'T, B'
      throw new ShapeError(`${path} expects [${layout}, ${this.inputSize}] or [T, ${this.inputSize}], got ${showShape(x.shape)}`)
    }
    if (x.shape[this.batchFirst && x.ndim === 3 ? 1 : 0] === 0) {
      throw new ShapeError(`${path} expects a sequence of at least one step, got ${showShape(x.shape)}`)
    }
    if (lengths && x.ndim === 2) {
      throw new ShapeError(
        `${path} takes lengths with a batch of sequences; this is one, ${showShape(x.shape)}: pass x.slice(0, 0, length)`,
      )
    }
    checkInput(path, x, this.#weights(0, false).weightIh)
  }

  /** [layers · directions, B, size] for each part of the carry: what was handed in, or zeros. */
  #initialState(initial: Carry | null, batched: boolean, batch: number): Carry {
    const { weightIh } = this.#weights(0, false)
    const entries = this.numLayers * this.#directions.length
    const layout = batched ? '[layers · directions, B, size]' : '[layers · directions, size]'
    return this.#recurrence.states.map((name, k) => {
      const size = name === 'h' ? this.#outputSize : this.hiddenSize
      const state = initial?.[k]
      if (!initial) return zeros([entries, batch, size], { dtype: weightIh.dtype })
      checkState(modulePath(this), name, state!, batched ? [entries, batch, size] : [entries, size], layout, weightIh)
      return batched ? state! : state!.unsqueeze(1)
    })
  }

  override extraRepr(): string {
    const parts = [`${this.inputSize}`, `${this.hiddenSize}`]
    if (this.projSize !== 0) parts.push(`projSize=${this.projSize}`)
    if (this.numLayers !== 1) parts.push(`numLayers=${this.numLayers}`)
    if (!this.bias) parts.push('bias=false')
    if (this.batchFirst) parts.push('batchFirst=true')
    if (this.dropout !== 0) parts.push(`dropout=${this.dropout}`)
    if (this.bidirectional) parts.push('bidirectional=true')
    return parts.join(', ')
  }
}

const weightName = (name: LayerWeights, layer: number, reverse: boolean): `${LayerWeights}${string}` =>
  `${name}${layer}${reverse ? 'Reverse' : ''}`
