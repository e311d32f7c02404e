import { Dropout, Embedding, init, LayerNorm, Linear, Module, modulePath } from '@tenon/nn'
import {
  arange,
  type DType,
  DTypeError,
  type Generator,
  jit,
  log,
  rand,
  ShapeError,
  showShape,
  type Tensor,
  tensor,
  Variable,
  where,
} from '@tenon/tensor'
import { GPTBlock } from './gpt-block.ts'
import { KVCache } from './kv-cache.ts'

/** Options of `GPT`. */
export interface GPTOptions {
  readonly vocabSize: number
  /** Longest sequence. */
  readonly blockSize: number
  readonly nLayer: number
  readonly nHead: number
  /** Features of a token. */
  readonly nEmbd: number
  /** Default 0. */
  readonly dropout?: number
  /** Of the linear layers and LayerNorms. Default true. */
  readonly bias?: boolean
  /** Of the GELU: 'tanh' for the weights of GPT-2. Default 'none', the exact one. */
  readonly approximate?: 'none' | 'tanh'
  /** The head is the token embedding, transposed. Default true. */
  readonly tieWeights?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/** Options of a call of `GPT`. */
export interface GPTForward {
  /** One for each block, of `kvCaches()`: then `idx` holds the tokens that come next. */
  readonly caches?: readonly KVCache[]
  /** Of the first of them: int32 []. */
  readonly position?: Tensor
}

/** How `GPT.generate` draws tokens. */
export interface GenerateOptions {
  /** What scores are divided by before a token is drawn: towards 0 the likeliest ones win; 0 takes the likeliest. Default 1. */
  readonly temperature?: number
  /** Where the random numbers come from. Default: the generator that `manualSeed` seeds. */
  readonly generator?: Generator
}

/**
 * logits = head(norm(blocks(dropout(tokenEmbedding + positionEmbedding)))): nanoGPT's structure and its names, so that weights carry over. Weights
 * begin as N(0, 0.02²), those of the projections that lead back to the residual stream as N(0, 0.02² / (2 · nLayer)), biases as 0.
 * Radford et al. 2019, "Language Models are Unsupervised Multitask Learners".
 *
 * ```ts
 * const model = new GPT({ vocabSize: 65, blockSize: 128, nLayer: 4, nHead: 4, nEmbd: 128 })
 * const loss = crossEntropy(model.forward(idx).reshape([-1, 65]), next.reshape([-1]))
 * ```
 */
export class GPT extends Module {
  readonly transformer: {
    readonly wte: Embedding // [vocabSize, nEmbd]
    readonly wpe: Embedding // [blockSize, nEmbd]
    readonly drop: Dropout
    readonly h: readonly GPTBlock[]
    readonly lnF: LayerNorm
  }
  readonly lmHead: Linear // nEmbd → vocabSize
  readonly blockSize: number

  constructor(options: GPTOptions) {
    super()
    const {
      vocabSize,
      blockSize,
      nLayer,
      nHead,
      nEmbd,
      dropout = 0,
      bias = true,
      approximate,
      tieWeights = true,
      dtype = 'float32',
    } = options
    this.transformer = {
      wte: new Embedding(vocabSize, nEmbd, { dtype }),
      wpe: new Embedding(blockSize, nEmbd, { dtype }),
      drop: new Dropout(dropout),
      h: Array.from({ length: nLayer }, () => new GPTBlock(nEmbd, nHead, { dropout, bias, approximate, dtype })),
      lnF: new LayerNorm(nEmbd, { bias, dtype }),
    }
    this.lmHead = new Linear(nEmbd, vocabSize, { bias: false, dtype })
    if (tieWeights) {
      init.zeros(this.lmHead.weight) // it goes: nothing need be drawn for it
      Object.assign(this.lmHead, { weight: this.transformer.wte.weight })
    }
    this.blockSize = blockSize

    for (const [path, parameter] of this.namedParameters()) {
      const residual = path.endsWith('cProj.weight')
      if (parameter.ndim === 2) init.normal(parameter, 0, residual ? 0.02 / Math.sqrt(2 * nLayer) : 0.02)
      else if (path.endsWith('bias')) init.zeros(parameter)
    }
  }

  /** int32 [N, T] → [N, T, vocabSize]: at each position, the scores of what comes next. */
  forward(idx: Tensor, { caches, position }: GPTForward = {}): Tensor {
    const { wte, wpe, drop, h, lnF } = this.transformer
    const length = this.#check(idx, caches, position)
    const places = position ? wpe.forward(arange(length).add(position)) : wpe.weight.slice(0, 0, length) // [T, E]
    let x = drop.forward(wte.forward(idx).add(places)) // [N, T, E]
    for (const [i, block] of h.entries()) x = block.forward(x, caches && position && { cache: caches[i]!, position })
    return this.lmHead.forward(lnF.forward(x))
  }

  /** Caches for decoding `batch` sequences of at most `capacity` tokens. */
  kvCaches(batch: number, capacity: number = this.blockSize): KVCache[] {
    if (capacity > this.blockSize) throw new RangeError(`GPT has ${this.blockSize} positions, so a cache of ${capacity} is of no use`)
    const { h, wte } = this.transformer
    const { dtype } = wte.weight
    return h.map(({ attn: { nHead, nEmbd } }) => new KVCache(batch, nHead, capacity, nEmbd / nHead, { dtype }))
  }

  /**
   * Continues each sequence by `maxNewTokens` tokens, the last of them a function of all before. Everything stays on the backend, and one
   * captured program serves every token. Call `eval()` first, lest dropout has its say.
   * int32 [N, T] → int32 [N, T + maxNewTokens]
   *
   * @throws RangeError if that is more than `blockSize`, or for a negative temperature.
   */
  generate(idx: Tensor, maxNewTokens: number, { temperature = 1, generator }: GenerateOptions = {}): Tensor {
    const given = this.#check(idx, undefined, undefined)
    const total = given + maxNewTokens
    if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1 || given < 1 || total > this.blockSize) {
      const found = `${given} given and ${maxNewTokens} new ones`
      throw new RangeError(`GPT generates at least one token from at least one, ${this.blockSize} in all (its blockSize), got ${found}`)
    }
    if (!(temperature >= 0)) throw new RangeError(`GPT generates at a temperature ≥ 0, got ${temperature}`)
    const caches = this.kvCaches(idx.shape[0]!, total)
    const tokens = new Variable(
      idx.pad([
        [0, 0],
        [0, maxNewTokens],
      ]),
    ) // [N, T + new]
    const position = new Variable(tensor(Int32Array.of(0), [])) // of the first token that is not cached

    const next = (input: Tensor): void => {
      const scores = this.forward(input, { caches, position }).select(1, -1) // [N, V]
      // The greatest of scores with Gumbel noise is a draw from their softmax.
      const noise = (): Tensor => log(log(rand(scores.shape, { generator })).neg()).neg()
      const chosen = (temperature === 0 ? scores : scores.div(temperature).add(noise())).argmax(-1, { keepdim: true }) // [N, 1]
      const end = position.add(input.shape[1]!)
      tokens.assign(where(arange(total).eq(end), chosen, tokens))
      position.assign(end)
    }
    next(idx)
    const step = jit(() => next(tokens.gather(1, position.reshape([1, 1]).expand([tokens.shape[0]!, 1]))))
    for (let i = 1; i < maxNewTokens; i++) step()
    return tokens
  }

  #check(idx: Tensor, caches: readonly KVCache[] | undefined, position: Tensor | undefined): number {
    const name = modulePath(this)
    const [, length] = idx.shape
    if (idx.dtype !== 'int32') throw new DTypeError(`${name} takes tokens as int32, got ${idx.dtype}; cast with x.cast('int32')`)
    if (idx.ndim !== 2 || length === undefined) throw new ShapeError(`${name} expects tokens [N, T], got ${showShape(idx.shape)}`)
    if (length > this.blockSize) throw new ShapeError(`${name} takes at most ${this.blockSize} tokens (its blockSize), got ${length}`)
    if (!caches !== !position)
      throw new TypeError(`${name} takes caches and a position together, got ${caches ? 'no position' : 'no caches'}`)
    const { length: blocks } = this.transformer.h
    if (caches && caches.length !== blocks)
      throw new RangeError(`${name} takes a cache for each of its ${blocks} blocks, got ${caches.length}`)
    return length
  }
}
