import type { Module } from '@tenon/nn'
import { type Tensor, tensor } from '@tenon/tensor'
import type { HostTensor, Inputs } from '../inputs.ts'

export const toTensor = ({ data, shape }: HostTensor): Tensor => tensor(data, [...shape])

/** Fills a module with what `nameOf` finds in the inputs under a name of its own. */
export const load = (module: Module, inputs: Inputs, nameOf: (name: string) => string): void => {
  module.loadStateDict(Object.fromEntries(Object.keys(module.stateDict()).map((name) => [name, toTensor(inputs[nameOf(name)]!)])))
}

/** The root of the mean square, in double precision: the number by which outputs are held against each other. */
export const rootMeanSquare = async (output: Tensor): Promise<number> => {
  let sum = 0
  for (const value of await output.data()) sum += Number(value) ** 2
  return Math.sqrt(sum / output.size)
}
