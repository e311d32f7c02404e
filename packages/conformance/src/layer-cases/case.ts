/** How a layer is tried, and with what. */
import type * as nn from '@tenon/nn'
import type { Shape } from '@tenon/tensor'
import type { LayerFloat } from '@tenon/testing'

/** Floats in ±`scale` (2 where it is not given), or whole numbers below `count`. */
export interface LayerInput {
  readonly shape: Shape
  readonly scale?: number
  readonly count?: number
}

export interface LayerCase {
  readonly name: string
  /** In Python, with torch.nn as `nn`. */
  readonly torch: string
  readonly make: (dtype: LayerFloat) => nn.Module
  readonly inputs: readonly LayerInput[]
  readonly refuses?: readonly (readonly LayerInput[])[]
  readonly kinks?: readonly number[]
  /** Why differences say something else. */
  readonly noDifferences?: string
  /** Random while training: PyTorch is asked in eval() alone. */
  readonly random?: true
}

/** Floats of this shape. */
export const f = (...shape: number[]): LayerInput => ({ shape })
/** Floats that reach further than the bends of an activation. */
export const wide = (...shape: number[]): LayerInput => ({ shape, scale: 8 })
/** Whole numbers below `count`. */
export const indices = (count: number, ...shape: number[]): LayerInput => ({ shape, count })
