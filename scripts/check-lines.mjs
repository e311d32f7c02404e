// kernel, tensor and autograd together are small enough to know by heart: this counts their lines without the operations,
// the samples and the tests.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './run.mjs'

const most = 6000
const counted = (file) => /\.ts$/.test(file) && !/\.(test|samples)\.ts$|^(ops|samples)\//.test(file)

const sizes = ['kernel', 'tensor', 'autograd'].map((name) => {
  const src = join(root, 'packages', name, 'src')
  const files = readdirSync(src, { recursive: true }).filter(counted)
  return [name, files.reduce((sum, file) => sum + readFileSync(join(src, file), 'utf8').split('\n').length - 1, 0)]
})
const total = sizes.reduce((sum, [, lines]) => sum + lines, 0)

console.log(`${sizes.map(([name, lines]) => `${name} ${lines}`).join(', ')}: ${total} lines of at most ${most}`)
if (total > most) {
  console.error(`The core has grown to ${total} lines; it stays under ${most}.`)
  process.exitCode = 1
}
