import { keep, realizeNodes } from './runtime.ts'
import type { Tensor } from './tensor.ts'

/** Computes these tensors, and runs every pending assign, in one program. They stay in the backend's memory while programs use them. */
export function realize(...tensors: readonly Tensor[]): void {
  realizeNodes(tensors.map((t) => t.node))
}

/** Has the next run compute this value too, so that it can be read after a step has changed what it was made of. */
export function markKept(tensor: Tensor): void {
  keep(tensor.node)
}

/** As `markKept`, for what becomes the gradient of a variable: after a step that used it, it stays until the next one. */
export function markGradient(tensor: Tensor): void {
  tensor.node.gradient = 'current'
  keep(tensor.node)
}
