import { fans, kaimingUniform, uniform } from './init.ts'
import type { Parameter } from './parameter.ts'

/**
 * How PyTorch initialises Linear and Conv: the weight by kaimingUniform with a = √5, which is U(−1/√fanIn, 1/√fanIn), and the bias
 * within the same bounds.
 */
export function fanInUniform(weight: Parameter, bias: Parameter | null): void {
  const { fanIn } = fans(weight)
  if (fanIn === 0) return
  kaimingUniform(weight, { a: Math.sqrt(5) })
  const bound = 1 / Math.sqrt(fanIn)
  if (bias) uniform(bias, -bound, bound)
}
