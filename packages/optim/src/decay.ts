/** What several optimizers do with decays. */
import { expm1, type Tensor } from '@tenon/tensor'

/** gradient + weightDecay · parameter: the gradient with that of an L2 penalty. */
export const penalised = (gradient: Tensor, parameter: Tensor, weightDecay: number): Tensor =>
  weightDecay === 0 ? gradient : gradient.add(parameter.mul(weightDecay))

/** parameter · (1 − lr · weightDecay): decoupled weight decay, of which the gradient knows nothing. */
export const shrunk = (parameter: Tensor, lr: Tensor, weightDecay: number): Tensor =>
  weightDecay === 0 ? parameter : parameter.mul(lr.mul(-weightDecay).add(1))

/** beta · mean + (1 − beta) · value: the next of a running mean. */
export const runningMean = (mean: Tensor, value: Tensor, beta: number): Tensor => mean.mul(beta).add(value.mul(1 - beta))

/**
 * 1 − betaᵗ: the weight that the gradients have in a mean that began at 0. As −expm1(t · log beta), since in float32 0.999ᵗ has lost five of
 * its digits when it is taken from 1.
 */
export const correction = (beta: number, step: Tensor): Tensor => expm1(step.mul(Math.log(beta))).neg()
