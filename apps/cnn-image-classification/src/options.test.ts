import { UsageError } from '@tenon/app-kit'
import { describe, expect, it } from 'vitest'
import { parseArguments } from './options.ts'

const parse = (line: string): ReturnType<typeof parseArguments> => parseArguments(line.split(' ').filter(Boolean), '1.2.3')

describe('the command line', () => {
  it('trains with the wasm backend when nothing is said', () => {
    expect(parse('')).toEqual({ command: 'train', options: { backend: 'wasm' } })
  })

  it('takes every option of a run', () => {
    expect(
      parse(
        '--data fashion-mnist --epochs 3 --batch-size 32 --optimizer sgd --lr 1e-2 --backend cpu --seed 0 --limit 100 --preset article --name a.b-1 --resume x/y.safetensors',
      ),
    ).toEqual({
      command: 'train',
      options: {
        data: 'fashion-mnist',
        epochs: 3,
        batchSize: 32,
        optimizer: 'sgd',
        lr: 0.01,
        backend: 'cpu',
        seed: 0,
        limit: 100,
        preset: 'article',
        name: 'a.b-1',
        resume: 'x/y.safetensors',
      },
    })
  })

  it('passes over the two dashes that pnpm hands on', () => {
    expect(parse('-- --epochs 1')).toMatchObject({ options: { epochs: 1 } })
  })

  it('takes images to classify', () => {
    expect(parse('predict --checkpoint c.safetensors a.png b.png')).toEqual({
      command: 'predict',
      options: { checkpoint: 'c.safetensors', backend: 'wasm', images: ['a.png', 'b.png'] },
    })
  })

  it('prints help and version', () => {
    expect(parse('--version')).toEqual({ command: 'print', text: '1.2.3\n' })
    for (const line of ['--help', 'predict --help']) expect(parse(line)).toMatchObject({ command: 'print' })
    expect(JSON.stringify(parse('--help'))).toContain('--batch-size')
  })

  it.each([
    ['--epoch 3', "unknown option '--epoch' (Did you mean --epochs?)"],
    ['--epochs 0', "option '--epochs <n>' argument '0' is invalid. It must be a whole number above 0."],
    ['--epochs 1.5', 'a whole number above 0'],
    ['--lr fast', 'a number above 0'],
    ['--lr -1', 'a number above 0'],
    ['--seed -1', 'a whole number from 0 to'],
    ['--limit', "option '--limit <n>' argument missing"],
    ['--data cifar', 'Allowed choices are mnist, fashion-mnist.'],
    ['--name a/../b', 'letters, digits, dots, dashes and underscores'],
    ['train', "unknown command 'train'"],
    ['predict a.png', "required option '--checkpoint <file>' not specified"],
    ['predict --checkpoint c', "missing required argument 'image'"],
  ])('refuses %s in one line', (line, message) => {
    const refused = (): unknown => parse(line)
    expect(refused).toThrow(UsageError)
    expect(refused).toThrow(message)
    expect(refused).toThrow(/^[^\n]+$/)
  })
})
