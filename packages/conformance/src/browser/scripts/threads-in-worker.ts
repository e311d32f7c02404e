import { publish } from './publish.ts'

const worker = new Worker('threads-of-worker.js', { type: 'module' })
publish(
  new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data)
    worker.onerror = ({ message }) => reject(new Error(message))
  }),
)
