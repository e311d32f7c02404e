import { context } from '@tenon/tensor'

let pending = 0

/**
 * Runs `fn`; what it computes counts as constant, so no gradient flows back through it: torch.no_grad. A Variable read
 * inside is still a Variable outside.
 *
 * `fn` may be async, and then everything that is computed until its promise settles counts as constant, also by code
 * that is not part of it: await it before the next training step. Nothing has to be switched off to save memory:
 * gradients are only built by `backward`.
 */
export function noGrad<T>(fn: () => T): T {
  const before = context.tracking
  context.tracking = false
  let result: T
  try {
    result = fn()
  } finally {
    context.tracking = before
  }
  if (!(result instanceof Promise)) return result
  pending += 1
  context.tracking = false
  return result.finally(() => {
    pending -= 1
    if (pending === 0) context.tracking = true
  }) as T
}
