/** First names as sequences of letters, with the list that each comes from. */
import { reportFetch } from '@tenon/app-kit'
import { DataLoader, type Dataset, randomOrder } from '@tenon/datasets'
import { type FirstNames, firstNames } from '@tenon/datasets/node'

/** Says what is fetched and from where, if it has to be. */
export const loadFirstNames = (out: NodeJS.WriteStream): Promise<FirstNames> => firstNames({ onProgress: reportFetch(out) })

export const lists = ['female', 'male'] as const

const letters = 'abcdefghijklmnopqrstuvwxyz'
/** Letters in all: 0 stands for the end of a name, and what else is none of them. */
export const letterCount: number = letters.length + 1

export interface NameData {
  readonly train: NameDataset
  readonly test: NameDataset
  /** Letters of the longest name. */
  readonly longest: number
}

/** letters int32 [longest], 0 behind the end; list: its number. */
export type NameDataset = Dataset<'letters' | 'list'>

/** Names that are in one of the lists alone; a tenth of them is for the test. */
export const nameData = ({ female, male }: FirstNames, seed: number): NameData => {
  const both = new Set(female.filter((name) => new Set(male).has(name)))
  const all = [female, male].flatMap((names, list) => names.filter((name) => !both.has(name)).map((name) => ({ name, list })))
  const mixed = Array.from(randomOrder(all.length, all.length, seed, 0), (index) => all[index]!)
  const longest = mixed.reduce((most, { name }) => Math.max(most, name.length), 0)
  const dataset = (part: typeof mixed): NameDataset => ({
    length: part.length,
    get: (index) => {
      const { name, list } = part[index]!
      const tokens = new Int32Array(longest)
      for (const [place, letter] of [...name.toLowerCase()].entries()) tokens[place] = letters.indexOf(letter) + 1
      return { letters: tokens, list: { data: Int32Array.of(list), shape: [] } }
    },
  })
  const held = Math.ceil(mixed.length / 10)
  return { train: dataset(mixed.slice(held)), test: dataset(mixed.slice(0, held)), longest }
}

export type NameLoader = DataLoader<'letters' | 'list'>

export const nameLoader = (names: NameDataset, batchSize: number, seed: number | null): NameLoader =>
  new DataLoader(names, { batchSize, shuffle: seed !== null, seed: seed ?? 0 })
