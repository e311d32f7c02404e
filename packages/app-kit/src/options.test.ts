import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { UsageError } from './errors.ts'
import { backendOption, count, nameOption, number, parseCommandLine, rate, resumeOption, seedOption } from './options.ts'

/** What the actions of a program with commands were given, or what it printed. */
const parse = (line: string, commands = ['sample']): unknown => {
  let given: unknown = null
  const program = new Command('app')
    .version('1.2.3', '--version')
    .option('--iters <n>', 'steps', count)
    .option('--lr <x>', 'rate', rate)
    .option(
      '--dropout <p>',
      'part',
      number('from 0 to 1', (p) => p >= 0 && p < 1),
    )
    .addOption(backendOption())
    .addOption(seedOption('everything'))
    .addOption(nameOption('time'))
    .addOption(resumeOption())
    .action((options) => {
      given = options
    })
  for (const name of commands)
    program.command(name).action((options) => {
      given = { name, ...options }
    })
  return parseCommandLine(program, line.split(' ').filter(Boolean)) ?? given
}

describe('a command line', () => {
  it('hands its options to the action, with wasm for a backend', () => {
    expect(parse('')).toEqual({ backend: 'wasm' })
    expect(parse('-- --iters 10 --lr 1e-3 --dropout 0 --backend cpu --seed 0 --name a.b-1 --resume c')).toEqual({
      iters: 10,
      lr: 0.001,
      dropout: 0,
      backend: 'cpu',
      seed: 0,
      name: 'a.b-1',
      resume: 'c',
    })
    expect(parse('sample')).toEqual({ name: 'sample' })
  })

  it('gives the text of --help and --version', () => {
    expect(parse('--version')).toBe('1.2.3\n')
    for (const line of ['--help', 'sample --help']) expect(parse(line)).toMatch(/^Usage: app/)
    expect(parse('--help')).toMatch(/--seed <n> +of everything \(default: 1\)/)
  })

  it.each([
    ['--iter 3', "unknown option '--iter' (Did you mean --iters?)"],
    ['--iters 0', 'It must be a whole number above 0.'],
    ['--iters 1e400', 'a whole number above 0'],
    ['--lr 0', 'a number above 0'],
    ['--dropout 1', 'It must be from 0 to 1.'],
    ['--dropout nothing', 'It must be from 0 to 1.'],
    ['--seed 4294967296', 'a whole number from 0 to'],
    ['--backend gpu', 'Allowed choices are cpu, wasm, gpujs, gpujs:webgl2, gpujs:webgl, gpujs:headlessgl, gpujs:webasm, gpujs:cpu.'],
    ['--name ..', 'letters, digits, dots, dashes and underscores'],
    ['train', "unknown command 'train'; the only one is sample, without one the network is trained"],
    ['sample more', 'too many arguments'],
  ])('refuses %s in one line', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError)
    expect(() => parse(line)).toThrow(message)
    expect(() => parse(line)).toThrow(/^[^\n]+$/)
  })

  it('leaves a command the flags behind it, though the program has them too', () => {
    let given: unknown = null
    const program = new Command('app').addOption(seedOption('everything')).addOption(backendOption())
    program
      .command('sample')
      .addOption(seedOption('what is drawn'))
      .addOption(backendOption())
      .action((options) => {
        given = options
      })
    parseCommandLine(program, ['sample', '--seed', '7', '--backend', 'cpu'])
    expect(given).toEqual({ seed: 7, backend: 'cpu' })
  })

  it('names all commands where there are several', () => {
    expect(() => parse('train', ['sample', 'translate'])).toThrow("unknown command 'train'; they are sample, translate, without one")
  })
})
