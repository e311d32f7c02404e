/** The digits, from the server's cache; kept once they are here. */
import { DatasetError, type ImageDataset, idxImages } from '@tenon/datasets'

export interface Digits {
  readonly train: ImageDataset
  readonly test: ImageDataset
}

export type OnProgress = (progress: { readonly received: number; readonly total: number }) => void

let digits: Promise<Digits> | null = null

/** @throws DatasetError with the words of the server where it has no digits */
export const loadDigits = (onProgress: OnProgress = () => {}): Promise<Digits> => {
  digits ??= fetchDigits(onProgress).catch((error: unknown) => {
    digits = null
    throw error
  })
  return digits
}

const fetchDigits = async (onProgress: OnProgress): Promise<Digits> => {
  const names = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'] as const
  const answers = await Promise.all(names.map(ask))
  const total = answers.reduce((sum, { headers }) => sum + Number(headers.get('Content-Length')), 0)
  let received = 0
  const read = async (answer: Response, name: string): Promise<Uint8Array> => {
    const bytes = new Uint8Array(Number(answer.headers.get('Content-Length')))
    let at = 0
    const reader = answer.body!.getReader()
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (at + part.value.length > bytes.length) throw new DatasetError(`${name} is longer than the server said`)
      bytes.set(part.value, at)
      at += part.value.length
      received += part.value.length
      onProgress({ received, total })
    }
    return bytes.subarray(0, at)
  }
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all(answers.map((answer, i) => read(answer, names[i]!)))
  return {
    train: idxImages(trainImages!, trainLabels!, { images: names[0], labels: names[1] }),
    test: idxImages(testImages!, testLabels!, { images: names[2], labels: names[3] }),
  }
}

const ask = async (name: string): Promise<Response> => {
  const answer = await fetch(`/data/${name}`).catch(() => {
    throw new DatasetError('The server of this page does not answer; is it still running?')
  })
  if (!answer.ok) throw new DatasetError(await answer.text())
  return answer
}
