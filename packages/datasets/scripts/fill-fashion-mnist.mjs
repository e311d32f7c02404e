// Fills the cache of data sets with Fashion-MNIST from Debian's package dataset-fashion-mnist, for machines that reach
// Debian's packages but not the set's own mirror.
//
//     node packages/datasets/scripts/fill-fashion-mnist.mjs [FOLDER with the four .gz files]
//
// Checksums are not looked at here: `fashionMnist` verifies each file whenever it reads it.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'

const debianPackage = 'dataset-fashion-mnist'
const installed = '/usr/share/datasets/fashion-mnist'
const names = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']

/** The rule of `cacheFolder` in src/node/cache.ts, which Node 20 cannot import from here. A test compares the two. */
const cacheFolder = () => {
  const { TENON_DATA_DIR: own, XDG_CACHE_HOME: caches } = process.env
  return resolve(own || join(caches || join(homedir(), '.cache'), 'tenon'))
}

/** Unpacks the Debian package into a folder, without installing it; gives the folder of the four files. */
const download = (folder) => {
  const options = { cwd: folder, stdio: 'inherit' }
  // Not as apt's own user, who may not write into a temporary folder of ours.
  execFileSync('apt-get', ['download', '-o', 'APT::Sandbox::User=root', debianPackage], options)
  const archive = readdirSync(folder).find((name) => name.endsWith('.deb'))
  execFileSync('dpkg-deb', ['-x', archive, 'unpacked'], options)
  return join(folder, 'unpacked', installed)
}

const given = process.argv[2]
const workspace = mkdtempSync(join(tmpdir(), 'fashion-mnist-'))
try {
  const from = given ?? (existsSync(installed) ? installed : download(workspace))
  const to = join(cacheFolder(), 'fashion-mnist')
  mkdirSync(to, { recursive: true })
  for (const name of names) {
    const partial = join(to, `.${name}-${process.pid}`)
    writeFileSync(partial, gunzipSync(readFileSync(join(from, `${name}.gz`))))
    renameSync(partial, join(to, name))
  }
  writeFileSync(join(to, 'SOURCE.txt'), `Fashion-MNIST\nSource: Debian package ${debianPackage}\nLicence: MIT, Zalando SE\n`)
  console.log(`Fashion-MNIST is in ${to}`)
} catch (error) {
  console.error(
    `Fashion-MNIST could not be taken from Debian's package ${debianPackage}: ${error.message}\n` +
      "This needs Debian and its package lists (`apt-get update`), or the folder of the package's four .gz files as argument.",
  )
  process.exitCode = 1
} finally {
  rmSync(workspace, { recursive: true, force: true })
}
