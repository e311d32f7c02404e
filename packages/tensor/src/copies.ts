/**
 * Two copies of this package in one process, of one version or of two, each have backends, variables and a graph of their own. They
 * work side by side, and cannot compute together: the second one to be loaded says so, and a tensor that strays is refused.
 */
import { TenonError } from '@tenon/kernel'
import { capture } from './capture.ts'
import { version } from './version.ts'

/** What copies know of each other, whatever their versions. */
interface Copy {
  readonly version: string
  /** Whether it captures a function. */
  readonly capture: { readonly active: boolean }
}

const registry = globalThis as { [key: symbol]: Copy[] | undefined }

/** All copies in this process, in the order in which they were loaded. */
const copies: Copy[] = (registry[Symbol.for('tenon.tensor.copies')] ??= [])
copies.push({ version, capture })

const named = (): string => copies.map((copy) => copy.version).join(' and ')
const remedy =
  'Install one version for all: `npm ls @tenon/tensor` shows who brings which, and `npm dedupe` leaves one where their ranges meet.'

if (copies.length === 2) {
  console.warn(`@tenon/tensor is loaded twice, in versions ${named()}: tensors of one copy are refused by the other. ${remedy}`)
}

/** For a tensor, or the node of one, that another copy made. */
export const strayTensor = (): TenonError =>
  new TenonError(
    `A tensor of one copy of @tenon/tensor was given to another: versions ${named()} are loaded, each with a graph of its own. ${remedy}`,
  )

/** Refuses to compute inside a function that another copy captures, which would see nothing of it. */
export function checkCaptures(): void {
  if (copies.length === 1 || copies.every((copy) => copy.capture === capture || !copy.capture.active)) return
  throw new TenonError(
    `A function that one copy of @tenon/tensor captures, by jit or scan, computes with another: versions ${named()} are loaded. ${remedy}`,
  )
}
