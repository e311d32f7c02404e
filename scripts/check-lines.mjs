// kernel, tensor and autograd together are small enough to know by heart: this counts their lines of code (what explains them may be as
// long as it needs to be) without the operations, the samples and the tests.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'oxc-parser'
import { root } from './run.mjs'

const most = 6000
const counted = (file) => /\.ts$/.test(file) && !/\.(test|samples)\.ts$|^(ops|samples)\//.test(file)

function linesOfCode(file) {
  let text = readFileSync(file, 'utf8')
  for (const { start, end } of parseSync(file, text).comments)
    text = text.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, ' ') + text.slice(end)
  return text.split('\n').filter((line) => line.trim() !== '').length
}

const sizes = ['kernel', 'tensor', 'autograd'].map((name) => {
  const src = join(root, 'packages', name, 'src')
  const files = readdirSync(src, { recursive: true }).filter(counted)
  return [name, files.reduce((sum, file) => sum + linesOfCode(join(src, file)), 0)]
})
const total = sizes.reduce((sum, [, lines]) => sum + lines, 0)

console.log(`${sizes.map(([name, lines]) => `${name} ${lines}`).join(', ')}: ${total} lines of code of at most ${most}`)
if (total > most) {
  console.error(`The core has grown to ${total} lines of code; it stays under ${most}.`)
  process.exitCode = 1
}
