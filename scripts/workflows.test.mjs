// The workflows cannot run here. GitHub's own parser, which its editor extension uses, reads them as GitHub will; and what it does not look
// at is checked beside it: that actions are pinned to commits, and that the scripts that a workflow calls are there.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bundled } from './bundled.mjs'
import { root } from './run.mjs'

// It imports JSON in a way of bundlers alone.
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await bundled(
  'node_modules/@actions/workflow-parser/dist/index.js',
)

const folder = join(root, '.github/workflows')
const files = readdirSync(folder)
const read = (name) => readFileSync(join(folder, name), 'utf8')

/** What GitHub would say of a workflow, and its jobs. */
async function lint(name, content) {
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter())
  const template = value && (await convertWorkflowTemplate(context, value))
  return { problems: context.errors.getErrors().map(({ message }) => message), jobs: template?.jobs ?? [] }
}

const unpinned = (content) =>
  [...content.matchAll(/uses: (.*)/g)].map(([, use]) => use).filter((use) => !/^\.\/|@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(use))

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const builtIn = ['install']

/** Commands of ours that are not there. */
const missing = (content) => [
  ...[...content.matchAll(/: pnpm ([\w:-]+)/g)].map(([, name]) => name).filter((name) => !scripts[name] && !builtIn.includes(name)),
  ...[...content.matchAll(/run: (\.\S+)|uses: (\.\S+)/g)].map(([, run, use]) => run ?? use).filter((path) => !existsSync(join(root, path))),
]

describe.each(files)('%s', (name) => {
  test('is a workflow to GitHub', async () => {
    const { problems, jobs } = await lint(name, read(name))
    expect(problems).toEqual([])
    expect(jobs.length).toBeGreaterThan(0)
  })

  test('pins actions to commits, and calls what is there', () => {
    expect(unpinned(read(name))).toEqual([])
    expect(missing(read(name))).toEqual([])
  })
})

test('CI runs .ci/run, on pull requests and before a release', () => {
  expect(read('ci.yml')).toMatch(/- run: \.ci\/run\n/)
  expect(read('release.yml')).toMatch(/uses: \.\/\.github\/workflows\/ci\.yml[\s\S]*needs: check/)
})

test('a release has what provenance needs', () => {
  expect(read('release.yml')).toMatch(/id-token: write[\s\S]*PNPM_CONFIG_PROVENANCE: "true"/)
})

describe('what is wrong is found', () => {
  const change = (from, to) => {
    const content = read('release.yml')
    expect(content).toContain(from)
    return content.replace(from, to)
  }

  test.each([
    ['an unknown key', '    needs: check\n', '    need: check\n', /Unexpected value 'need'/],
    ['a need of no job', 'needs: check', 'needs: cheque', /depends on unknown job 'cheque'/],
    ['an unknown permission', 'id-token: write', 'id-token: all', /Unexpected value 'all'/],
    ['a broken expression', '{{ secrets.NPM_TOKEN }}', '{{ secrets. }}', /Unexpected|Unrecognized/],
    ['an unknown context', '{{ secrets.NPM_TOKEN }}', '{{ secret.NPM_TOKEN }}', /Unrecognized named-value: 'secret'/],
  ])('%s', async (_, from, to, message) => {
    expect((await lint('release.yml', change(from, to))).problems.join('\n')).toMatch(message)
  })

  test('an action that is not pinned, and a script that is not there', () => {
    expect(unpinned(change(/@e0145\S+ # v1.5.3/.exec(read('release.yml'))[0], '@v1'))).toEqual(['changesets/action@v1'])
    expect(missing(change('pnpm release', 'pnpm relaese'))).toEqual(['relaese'])
  })
})
