import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allSamples } from '@tenon/tensor/samples'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'

const packages = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** The packages whose files a bundle of this import holds. */
async function loads(source: string): Promise<string[]> {
  const result = await build({
    stdin: { contents: source, resolveDir: join(packages, 'conformance'), loader: 'ts' },
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    treeShaking: false,
    logLevel: 'error',
  })
  return [
    ...new Set(
      Object.keys(result.metafile.inputs).flatMap(
        (file) => /packages\/([^/]+)\/src|^\.\.\/([^/]+)\/src/.exec(file)?.slice(1).filter(Boolean) ?? [],
      ),
    ),
  ].sort()
}

describe('what an import brings along', () => {
  test('layers and optimizers bring no autograd: inference installs none', async () => {
    expect(await loads("import '@tenon/nn'")).not.toContain('autograd')
    expect(await loads("import '@tenon/nn-attention'")).not.toContain('autograd')
    expect(await loads("import '@tenon/optim'")).not.toContain('autograd')
    expect(await loads("import '@tenon/nn'")).toContain('tensor')
  })

  test('a backend brings the kernel package alone', async () => {
    expect(await loads("import '@tenon/backend-wasm'")).toEqual(['backend-wasm', 'kernel'])
  })
})

describe('samples', () => {
  const folder = join(packages, 'tensor/src/ops')
  const ops = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.samples.ts') && file !== 'index.ts')
    .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(/^export (?:const|function) (\w+)/gm)].map((m) => m[1]!))
  const named = new Set(allSamples.map(({ name }) => name))
  const without = (names: readonly string[]): string[] => names.filter((name) => !named.has(name))

  test('every op has some, and one that has none is found', () => {
    expect(ops).toContain('softmax')
    expect(without(ops)).toEqual([])
    expect(without([...ops, 'anOpWithoutSamples'])).toEqual(['anOpWithoutSamples'])
  })
})
