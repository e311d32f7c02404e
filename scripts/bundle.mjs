// Makes one file, dist/main.js, of an app and the sources of all packages that it stands on.

import { build } from 'esbuild'

await build({
  entryPoints: ['src/main.ts'],
  outfile: 'dist/main.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  logLevel: 'warning',
  // For one --backend alone, and loaded by nobody else.
  external: ['gpu.js'],
  // What is CommonJS inside asks for Node's modules with require, which a module does not have.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
})
