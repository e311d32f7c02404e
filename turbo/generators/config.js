// `turbo gen layer` and `turbo gen backend`, both of which may be followed by `--args NAME`.

import { execFileSync } from 'node:child_process'

const examples = { layer: 'nn-kan', backend: 'backend-foo' }

export default function generators(plop) {
  for (const [kind, example] of Object.entries(examples)) {
    plop.setGenerator(kind, {
      description: `A package with a ${kind}, from the template of npm create @tenon/${kind}`,
      prompts: [{ type: 'input', name: 'name', message: `Folder in packages/, such as ${example}` }],
      // In a process of its own: turbo makes CommonJS of this file, and of all that it would import.
      actions: [({ name }) => execFileSync('node', ['scripts/generate-package.mjs', kind, name], { encoding: 'utf8' }).trim()],
    })
  }
}
