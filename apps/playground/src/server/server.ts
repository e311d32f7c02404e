/** Serves the page and, under /data/, the files of MNIST. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import sirv from 'sirv'
import type { DataFiles } from './data.ts'
import type { ServerOptions } from './options.ts'

export interface PlaygroundServer {
  readonly url: string
  readonly close: () => Promise<void>
}

/**
 * Everything comes from here, and no code is made from text but WebAssembly. gpu.js needs no more for all of its modes but cpu. Styles that a
 * script sets on elements are no inline styles.
 */
const policy = (allowEval: boolean): string =>
  [
    "default-src 'none'",
    `script-src 'self' 'wasm-unsafe-eval'${allowEval ? " 'unsafe-eval'" : ''}`,
    "worker-src 'self'",
    "connect-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

const headersFor = ({ isolation, allowEval }: ServerOptions): Readonly<Record<string, string>> => ({
  'Content-Security-Policy': policy(allowEval),
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  ...(isolation && { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }),
})

/**
 * @param folder of the bundled page
 * @param readFiles gives the files of MNIST; what it throws is shown on the page
 */
export const servePlayground = async (
  folder: string,
  readFiles: () => Promise<DataFiles>,
  options: ServerOptions,
): Promise<PlaygroundServer> => {
  const headers = Object.entries(headersFor(options))
  // `dev` looks at the files anew each time: they may have been bundled again.
  const page = sirv(folder, { dev: true, etag: true })
  const listener: RequestListener = (request, response) => {
    for (const [name, value] of headers) response.setHeader(name, value)
    const file = /^\/data\/([\w-]+)$/.exec(request.url ?? '')?.[1]
    if (file === undefined) page(request, response, () => send(response, 404, 'There is no such page.'))
    else void sendData(response, file, readFiles)
  }
  const server = createServer(listener)
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, options.host, () => {
        server.off('error', reject)
        resolve()
      })
    })
  await listen(options.port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    return listen(0)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${options.host === '127.0.0.1' ? 'localhost' : options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const sendData = async (response: ServerResponse, name: string, readFiles: () => Promise<DataFiles>): Promise<void> => {
  try {
    const bytes = (await readFiles()).get(name)
    if (bytes) response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length }).end(bytes)
    else send(response, 404, `MNIST has no file ${name}.`)
  } catch (error) {
    send(response, 503, (error as Error).message)
  }
}

const send = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text)
}
