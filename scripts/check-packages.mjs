// Packs every package as its users get it, and asks publint and arethetypeswrong whether it will work for them.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { providePnpm } from './pnpm.mjs'
import { main, root, run } from './run.mjs'

await main(async () => {
  providePnpm()
  const folder = mkdtempSync(join(tmpdir(), 'tenon-packed-'))
  try {
    for (const name of readdirSync(join(root, 'packages'))) {
      const problems = await problemsOf(join(root, 'packages', name), folder)
      for (const problem of problems) console.error(`@tenon/${name}: ${problem}`)
      if (problems.length > 0) process.exitCode = 1
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

async function problemsOf(project, folder) {
  const { name, version, private: isPrivate } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  if (isPrivate) return []
  run('pnpm', ['pack', '--pack-destination', folder], { cwd: project })
  const file = join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)
  return [...(await lint(file)), ...(await lintTypes(file))]
}

async function lint(file) {
  const bytes = readFileSync(file)
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
  return messages.map((message) => formatMessage(message, pkg, { color: false }))
}

async function lintTypes(file) {
  const { problems, types } = await checkPackage(createPackageFromTarballData(readFileSync(file)))
  if (!types) return [`${basename(file)} has no types`]
  // We publish modules only, which CommonJS and the oldest resolution cannot see.
  const old = ['node10', 'node16-cjs']
  return problems.filter(({ resolutionKind }) => !old.includes(resolutionKind)).map((problem) => JSON.stringify(problem))
}
