/** What is measured beside the loss. */
import type { Tensor } from '@tenon/tensor'

/** Part of the rows whose largest logit stands at the target.   logits [B, C], target int32 [B] → [] float32 */
export const accuracy = (logits: Tensor, target: Tensor): Tensor => logits.argmax(1).eq(target).cast('float32').mean()

/** A mean that grows by parts of different weight: batches of different sizes, as a rule. */
export class RunningMean {
  private total = 0
  private weight = 0

  add(value: number, weight = 1): void {
    this.total += value * weight
    this.weight += weight
  }

  /** NaN while nothing was added. */
  get value(): number {
    return this.total / this.weight
  }

  reset(): void {
    this.total = 0
    this.weight = 0
  }
}
