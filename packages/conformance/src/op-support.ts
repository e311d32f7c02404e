/** Which cases of an op each suite runs, and why it leaves out the others: the suites ask this, and so does the table in docs/support.md. */
import { isFloat } from '@tenon/kernel'
import { type CaseKind, kindsOf, type Samples } from '@tenon/tensor/samples'
import { layoutsOf, runCase } from '@tenon/testing'

/** Why the gradient of this case is not checked; null where it is. */
export function gradientSkip(samples: Samples, index: number): string | null {
  const { inputs, noGradient } = samples.cases[index]!
  const given = samples.noGradient ?? noGradient
  if (given) return given
  if (!inputs.some((input) => isFloat(input.dtype))) return 'no floats go in'
  return runCase(samples, index).outputs.some((y) => isFloat(y.dtype)) ? null : 'no floats come out'
}

/** Why PyTorch is not asked about this case; null where it is. */
export function torchSkip(samples: Samples, index: number): string | null {
  return samples.torch === null ? (samples.noTorch ?? '') : (samples.cases[index]!.noTorch ?? null)
}

/** The cases of a kind. Where broadcasting means nothing to an op, inputs of different shapes are nothing special. */
export function casesOf(samples: Samples, kind: CaseKind): number {
  if (samples.without[kind] !== undefined) return 0
  const isKind = (i: number): boolean => {
    if (kind === 'non-contiguous') return layoutsOf(samples, i).length > 1
    const kinds = kindsOf(samples.cases[i]!).filter((k) => k !== 'broadcast' || samples.without.broadcast === undefined)
    return kind === 'plain' ? kinds.length === 0 || kinds.includes('plain') : kinds.includes(kind)
  }
  return samples.cases.filter((_, i) => isKind(i)).length
}

/** Why an op has no case of a kind; null where it has some, or nobody said why. */
export function kindSkip(samples: Samples, kind: CaseKind): string | null {
  if (casesOf(samples, kind) > 0) return null
  if (samples.without[kind] !== undefined) return samples.without[kind]
  if (kind === 'broadcast' && samples.cases.every(({ inputs }) => inputs.length <= 1))
    return 'one tensor or none: nothing to broadcast with'
  return null
}
