import { TenonError } from '@tenon/tensor'

/** A safetensors file that is damaged or holds what this reader does not take, or tensors that cannot be written as one. */
export class SafetensorsError extends TenonError {
  override name = 'SafetensorsError'
}
