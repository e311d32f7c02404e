/** Writing, one character after the other: the state goes from step to step, and one captured program serves all of them. */
import { type SamplingOptions, sampleToken } from '@tenon/app-kit'
import { jit, type Tensor, tensor } from '@tenon/tensor'
import type { CharModel, State } from './model.ts'

/** The tokens that follow `prompt`, which has one at least. */
export const write = async (model: CharModel, prompt: ArrayLike<number>, length: number, sampling: SamplingOptions): Promise<number[]> => {
  const step = jit((token: Tensor, state: State) => {
    const { scores, state: next } = model.forward(token, state)
    return { scores: scores.flatten(), state: next }
  })
  const written: number[] = []
  let state = model.emptyState(1)
  let scores: Tensor | null = null
  const read = (token: number): void => {
    ;({ scores, state } = step(tensor(Int32Array.of(token), [1, 1]), state))
  }
  for (const token of Array.from(prompt)) read(token)
  while (written.length < length) {
    written.push(sampleToken((await scores!.data()) as Float32Array, sampling))
    read(written.at(-1)!)
  }
  return written
}
