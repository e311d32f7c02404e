// A registry for npm, on a free port of this machine. It has the packages that it is given, takes those that `npm publish` brings, and
// sends for all others to the registry that npm is configured for. Verdaccio does the same and more with 320 packages of its own.

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { unpackTar } from 'modern-tar'
import { run } from '../run.mjs'

/** The files of a packed package, by their paths in it. */
export async function filesOf(tarball) {
  const entries = await unpackTar(gunzipSync(tarball))
  return new Map(entries.filter(({ data }) => data).map(({ header, data }) => [header.name.replace(/^package\//, ''), Buffer.from(data)]))
}

export const manifestOf = async (tarball) => JSON.parse((await filesOf(tarball)).get('package.json'))

/** @returns its url; `add(tarball, tag)`, which adds a package as bytes; `names()` of those of ours; `tarball(name)`, the latest as bytes; `close()` */
export async function openRegistry() {
  const elsewhere = run('npm', ['config', 'get', 'registry']).trim()
  const packages = new Map()
  const tarballs = new Map()

  const put = (manifest, tarball, tag) => {
    const { name, version } = manifest
    const path = `/${name}/-/${version}.tgz`
    const document = packages.get(name) ?? { name, 'dist-tags': {}, versions: {} }
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    document['dist-tags'][tag] = version
    document.versions[version] = { ...manifest, dist: { tarball: `${url}${path}`, integrity } }
    packages.set(name, document)
    tarballs.set(path, tarball)
  }

  /** What `npm publish` sends: the manifest with the tarball in it. */
  const publish = (text) => {
    const { versions, _attachments: attachments, 'dist-tags': tags } = JSON.parse(text)
    const [manifest] = Object.values(versions)
    const [{ data }] = Object.values(attachments)
    put(manifest, Buffer.from(data, 'base64'), Object.keys(tags)[0])
  }

  const answer = async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, url).pathname)
    const found = tarballs.get(path) ?? packages.get(path.slice(1))
    response.setHeader('cache-control', 'no-store')
    if (request.method === 'PUT') {
      const chunks = []
      for await (const chunk of request) chunks.push(chunk)
      publish(Buffer.concat(chunks).toString())
      response.writeHead(201).end('{}')
    } else if (found) response.end(Buffer.isBuffer(found) ? found : JSON.stringify(found))
    else response.writeHead(307, { location: new URL(request.url.slice(1), elsewhere).href }).end()
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.writeHead(500).end(String(error)))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${server.address().port}`
  return {
    url,
    add: async (tarball, tag = 'latest') => put(await manifestOf(tarball), tarball, tag),
    names: () => [...packages.keys()].filter((name) => name.startsWith('@tenon/')),
    tarball: (name) => tarballs.get(`/${name}/-/${packages.get(name)['dist-tags'].latest}.tgz`),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
