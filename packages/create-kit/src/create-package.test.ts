import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCreate, type Template, UsageError } from './index.ts'
import { namesOf } from './names.ts'

let folder: string
let template: Template

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tenon-create-'))
  template = { kind: 'layer', folder: join(folder, 'template'), prefixes: ['tenon-', 'nn-'], gives: 'class' }
  put('template/_package.json', '{ "name": "tenon-my-layer" }\n')
  put('template/_gitignore', 'dist/\n')
  put('template/src/index.ts', "export * from './my-layer.ts'\n")
  put(
    'template/src/my-layer.ts',
    "import { type DType, Module } from '@tenon/nn'\n\nexport class MyLayer extends Module {} // of tenon-my-layer\n",
  )
})
afterEach(() => rmSync(folder, { recursive: true }))

function put(path: string, text: string): void {
  const file = join(folder, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
}

const read = (path: string): string => readFileSync(join(folder, path), 'utf8')

/** Runs the command where the user stands. */
function create(...argv: string[]) {
  const [out, err]: [string[], string[]] = [[], []]
  const code = runCreate(template, '1.2.3', argv, {
    cwd: folder,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    userAgent: 'pnpm/12.21.0 npm/? node/v20.20.2 linux x64',
  })
  return { code, out: out.join(''), err: err.join('') }
}

describe('a new package', () => {
  test('is the template under its own names, in files and in what stands in them', () => {
    expect(create('@you/nn-gated_linear')).toMatchObject({ code: 0, err: '' })
    expect(readdirSync(join(folder, 'nn-gated_linear'), { recursive: true }).sort()).toEqual([
      '.gitignore',
      'package.json',
      'src',
      'src/gated-linear.ts',
      'src/index.ts',
    ])
    expect(read('nn-gated_linear/package.json')).toBe('{ "name": "@you/nn-gated_linear" }\n')
    expect(read('nn-gated_linear/src/index.ts')).toBe("export * from './gated-linear.ts'\n")
    expect(read('nn-gated_linear/src/gated-linear.ts')).toContain('export class GatedLinear extends Module {} // of @you/nn-gated_linear\n')
  })

  test('under the names of the template is the template', () => {
    create('tenon-my-layer')
    for (const file of ['src/index.ts', 'src/my-layer.ts']) expect(read(`tenon-my-layer/${file}`)).toBe(read(`template/${file}`))
    expect(read('tenon-my-layer/package.json')).toBe(read('template/_package.json'))
  })

  test('says what there is now, and how to go on with the package manager that asked for it', () => {
    expect(create('kan').out).toBe('kan: 4 files, Kan is in src/kan.ts\n\n  cd kan\n  pnpm install\n  pnpm run test\n')
  })

  test('goes into the folder where the user stands, if it is empty and they say so', () => {
    const cwd = join(folder, 'empty')
    mkdirSync(cwd)
    const printed: string[] = []
    const world = { cwd, out: (text: string) => printed.push(text), err: () => {}, userAgent: undefined }
    expect(runCreate(template, '1.2.3', ['kan', '--folder', '.'], world)).toBe(0)
    expect(printed).toEqual(['kan: 4 files, Kan is in src/kan.ts\n\n  npm install\n  npm run test\n'])
    expect(read('empty/src/kan.ts')).toContain('class Kan')
  })

  test('goes where --folder says, and into a folder that is empty', () => {
    mkdirSync(join(folder, 'packages/here'), { recursive: true })
    expect(create('kan', '--folder', 'packages/here')).toMatchObject({ code: 0, out: expect.stringContaining('cd packages/here\n') })
    expect(read('packages/here/src/kan.ts')).toContain('class Kan')
  })
})

describe('what cannot be made is refused in one line, and leaves nothing behind', () => {
  const refused = (argv: string[], line: RegExp): void => {
    const before = readdirSync(folder, { recursive: true })
    const { code, out, err } = create(...argv)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(line)
    expect(err.trimEnd()).not.toContain('\n')
    expect(readdirSync(folder, { recursive: true })).toEqual(before)
  }

  test.each([
    ['My Layer', /^error: 'My Layer' cannot be the name of an npm package: name can only contain URL-friendly characters/],
    ['Kan', /cannot be the name of an npm package: name can no longer contain capital letters/],
    ['../kan', /cannot be the name of an npm package: name cannot start with a period/],
    ['node_modules', /cannot be the name of an npm package/],
    ['', /^error: '' cannot be the name of an npm package/],
    ['3d', /^error: a layer called '3d' would be the class 3d, and JavaScript has no room for that name: choose another/],
    ['tenon-map', /^error: a layer called 'tenon-map' would be the class Map, and JavaScript/],
    ['tenon-module', /^error: a layer called 'tenon-module' would be Module, which Tenon has/],
    ['index', /^error: a layer called 'index' would be in src\/index.ts, where something else is/],
  ])('the name %j', (name, line) => refused([name], line))

  test('a folder that is not empty', () => {
    put('kan/notes.txt', 'mine')
    refused(['kan'], /^error: .*\/kan is not empty: choose another name, or another place with --folder/)
  })

  test('a file in the place of the folder', () => {
    put('kan', 'mine')
    refused(['kan'], /^error: .*\/kan is a file/)
  })

  test('no name, two names, an option that there is not', () => {
    refused([], /^error: missing required argument 'name'/)
    refused(['kan', 'rbf'], /^error: too many arguments/)
    refused(['kan', '--colour'], /^error: unknown option '--colour' \(Did you mean --folder\?\)$/m)
  })
})

test('--help says what it makes, and --version which one it is', () => {
  const { code, out, err } = create('--help')
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('Usage: create @tenon/layer [options] <name>')
  expect(out).toContain('--folder <path>')
  expect(create('--version')).toEqual({ code: 0, out: '1.2.3\n', err: '' })
})

describe('names', () => {
  const names = (gives: Template['gives'], name: string) => {
    const { file, identifier } = namesOf({ kind: 'thing', folder: '', prefixes: ['tenon-', 'backend-'], gives }, name)
    return [file, identifier]
  }

  test('leave out the scope and what says that it is a package for Tenon', () => {
    expect(names('class', '@you/tenon-backend-web-gl')).toEqual(['web-gl', 'WebGl'])
    expect(names('function', '@you/tenon-backend-web-gl')).toEqual(['web-gl', 'webGl'])
    expect(names('class', 'tenon-')).toEqual(['tenon', 'Tenon'])
    expect(names('class', 'my.layer_2')).toEqual(['my-layer-2', 'MyLayer2'])
  })

  test('that are words of the language are refused', () => {
    expect(() => names('function', 'backend-void')).toThrow(UsageError)
    expect(names('class', 'backend-void')).toEqual(['void', 'Void'])
  })
})
