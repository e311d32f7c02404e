export * from './additive-attention.ts'
export * from './causal-self-attention.ts'
export * from './gpt.ts'
export * from './gpt-block.ts'
export * from './kv-cache.ts'
export {
  MultiheadAttention,
  type MultiheadAttentionForward,
  type MultiheadAttentionMasks,
  type MultiheadAttentionOptions,
  type MultiheadAttentionResult,
} from './multihead-attention.ts'
export type { Offset } from './position.ts'
export * from './positional-encoding.ts'
export * from './rotary-embedding.ts'
export * from './scaled-dot-product-attention.ts'
export * from './transformer.ts'
export * from './transformer-decoder.ts'
export * from './transformer-decoder-layer.ts'
export * from './transformer-encoder.ts'
export * from './transformer-encoder-layer.ts'
export type { Activation, TransformerLayerOptions } from './transformer-layer.ts'
