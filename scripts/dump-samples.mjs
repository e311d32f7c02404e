// Prints the samples of all ops as JSON, for scripts/make-fixtures.py: the numbers of their inputs, their arguments, and the
// PyTorch expression that they are held against.
import { bundled } from './bundled.mjs'

const { torchCases } = await bundled('packages/conformance/src/torch-cases.ts')
process.stdout.write(
  JSON.stringify(torchCases(), (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value)),
)
