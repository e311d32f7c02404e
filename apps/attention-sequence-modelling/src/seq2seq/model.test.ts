import { chooseBackend } from '@tenon/app-kit'
import { manualSeed, type Tensor, tensor } from '@tenon/tensor'
import { beforeAll, describe, expect, it } from 'vitest'
import { sourceOf } from './batches.ts'
import { models } from './model.ts'
import { Pronouncer } from './pronounce.ts'
import { phonemes } from './vocabulary.ts'

beforeAll(async () => {
  await chooseBackend('cpu')
})

const input = (text: string, length: number): Tensor =>
  tensor(
    Int32Array.from({ length }, (_, i) => (i === 0 ? phonemes.idOf('<bos>') : (phonemes.encode(text)[i - 1] ?? 0))),
    [1, length],
  )

describe.each(['transformer', 'rnn'] as const)('the %s', (name) => {
  const build = () => {
    manualSeed(4)
    const model = models[name].tiny.build()
    model.eval()
    return model
  }

  it('says of a word alone what it says of it beside longer ones', async () => {
    const model = build()
    const alone = model.decode(model.encode(sourceOf(['cat'])), input('K AE T', 8))
    const beside = model.encode(sourceOf(['antidisestablish', 'cat']))
    const row = { keys: beside.keys.slice(0, 1, 2), isLetter: beside.isLetter.slice(0, 1, 2) }
    const other = model.decode(row, input('K AE T', 16)).slice(1, 0, 8)
    const [a, b] = [await alone.slice(1, 0, 4).data(), await other.slice(1, 0, 4).data()]
    for (const [i, x] of a.entries()) expect(Math.abs(x - b[i]!)).toBeLessThan(1e-5)
  })

  it('does not see phonemes before it has said them', async () => {
    const model = build()
    const scores = (text: string) =>
      model
        .decode(model.encode(sourceOf(['cat'])), input(text, 8))
        .slice(1, 0, 2)
        .data()
    expect(await scores('K AE T')).toEqual(await scores('K OY NG'))
    expect(await scores('K AE T')).not.toEqual(await scores('B AE T'))
  })

  it('looks at letters alone, in shares that add up to 1', async () => {
    const { phonemes: said, weights } = await new Pronouncer(build()).map('tonight')
    expect(weights.length).toBe(said.length + 1)
    for (const row of weights) {
      expect(row.length).toBe(7)
      expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
    }
  })

  it('says many words as it says each', async () => {
    const pronouncer = new Pronouncer(build())
    const spellings = ['a', 'tonight', "it's", 'antidisestablishment']
    const together = await pronouncer.say(spellings)
    for (const [i, spelling] of spellings.entries()) expect(await pronouncer.say([spelling])).toEqual([together[i]])
    expect(await pronouncer.say([])).toEqual([])
  })
})
