// Prints the layers that PyTorch is asked about as JSON, for scripts/make-fixtures.py.
import { bundled } from './bundled.mjs'

const { layerQuestions } = await bundled('packages/conformance/src/layer-cases.ts')
process.stdout.write(JSON.stringify(layerQuestions()))
