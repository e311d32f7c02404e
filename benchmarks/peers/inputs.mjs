/** What every peer of a workload starts from: a safetensors file. */
import { readFileSync } from 'node:fs'

const arrays = { F32: Float32Array, I32: Int32Array }

/** @typedef {Record<string, { shape: number[], data: Float32Array | Int32Array }>} Inputs */

/** Eight bytes with the length of the JSON header, the header, the tensors. @returns {Inputs} */
export const readInputs = (path) => {
  const file = readFileSync(path)
  const start = 8 + Number(file.readBigUInt64LE(0))
  const { __metadata__, ...tensors } = JSON.parse(file.toString('utf8', 8, start))
  return Object.fromEntries(
    Object.entries(tensors).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const bytes = new Uint8Array(file.subarray(start + from, start + to)) // A copy: no array may start between two numbers.
        return [name, { shape, data: new arrays[dtype](bytes.buffer) }]
      },
    ),
  )
}
