/**
 * The programs of docs/from-pytorch.md run as they stand there, and learn: with made-up data in the place of those that are fetched, and fewer
 * epochs.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { blocksOf, runFile } from './documents.ts'

const text = readFileSync(fileURLToPath(new URL('../../../docs/from-pytorch.md', import.meta.url)), 'utf8')

/** All blocks of the section with this title, in one. */
function program(title: string): string {
  const section = text.split('\n## ').find((part) => part.startsWith(`${title}\n`))
  return blocksOf(section!)
    .filter(({ language }) => language === 'ts')
    .map(({ text }) => text)
    .join('\n')
}

/** Stands for `@tenon/datasets/node`: pictures with a bright bar where the digit says, and names that end as in their list. */
const madeUp = `
import { arrayDataset } from '@tenon/datasets'

export const mnist = async ({ train }) => {
  const length = train ? 192 : 100
  const images = new Uint8Array(length * 784)
  const labels = Int32Array.from({ length }, (_, i) => (i * 7) % 10)
  for (let i = 0; i < length; i++) {
    const row = 784 * i + 56 * labels[i] + 112
    for (let j = 0; j < 84; j++) images[row + j] = 200 + ((i + j) % 50)
  }
  return arrayDataset({ images: { data: images, shape: [length, 1, 28, 28] }, labels })
}

const names = (end) => Array.from({ length: 600 }, (_, i) => 'Bdg'[i % 3] + 'aeiou'[i % 5] + 'lmnr'[i % 4] + end)
export const firstNames = async () => ({ female: names('a'), male: names('o') })
`

async function run(title: string, epochs: number): Promise<string[]> {
  const code = program(title)
  const shortened = code.replace(/^const epochs = \d+$/m, `const epochs = ${epochs}`)
  expect(shortened).not.toBe(code)
  const printed = await runFile({ 'data.mjs': madeUp, 'program.ts': shortened }, 'program.ts', { '@tenon/datasets/node': 'data.mjs' })
  return printed.split('\n').slice(0, -1)
}

const numbers = (lines: readonly string[], pattern: RegExp): number[] =>
  lines.flatMap((line) => {
    const [, number] = pattern.exec(line) ?? []
    return number === undefined ? [] : [Number(number)]
  })

test('the CNN learns, and says so in the words of the document', { timeout: 120_000 }, async () => {
  const lines = await run('A CNN on MNIST', 4)
  const training = numbers(lines, /^Train Epoch: \d \[0\/192 \(0%\)\] {2}Loss: (\d\.\d{6})$/)
  const testing = numbers(lines, /^Test set: Average loss: (\d\.\d{4}), Accuracy: \d+\/100 \(\d+\.\d\d%\)$/)
  expect([lines.length, training.length, testing.length]).toEqual([8, 4, 4])
  expect(training[0]).toBeGreaterThan(1.5)
  expect(training[3]).toBeLessThan(0.6 * training[0]!)
  expect(testing[3]).toBeLessThan(0.6 * testing[0]!)
})

test('the RNN learns, and says so in the words of the document', { timeout: 120_000 }, async () => {
  const lines = await run('An RNN that tells names apart', 2)
  const training = numbers(lines, /^Train Epoch: \d \[1000\/1080 \(93%\)\] {2}Loss: (\d\.\d{4})$/)
  const testing = numbers(lines, /^Test set: Average loss: (\d\.\d{4}), Accuracy: \d+\/120 \(\d+\.\d\d%\)$/)
  expect([lines.length, training.length, testing.length]).toEqual([4, 2, 2])
  expect(training[1]).toBeLessThan(0.5 * training[0]!)
  expect(testing[1]).toBeLessThan(0.3)
})
