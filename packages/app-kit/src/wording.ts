/** Numbers and tables for people. */

import type { OnProgress } from '@tenon/datasets/node'
import type { Module } from '@tenon/nn'

/** 60000 → '60,000' */
export const withCommas = (value: number): string => value.toLocaleString('en')

/** '206,922 parameters' */
export const describeSize = (model: Module): string =>
  `${withCommas(model.parameters().reduce((sum, { size }) => sum + size, 0))} parameters`

/** Titles in a column of ten, each with its lines beside it. */
export const factTable = (rows: readonly (readonly [title: string, ...lines: string[]])[]): string =>
  rows.flatMap(([title, ...lines]) => lines.map((line, i) => `${(i === 0 ? title : '').padEnd(10)}${line}\n`)).join('')

/** Columns of text as wide as they need to be. */
export const columns = (rows: readonly (readonly string[])[]): string => {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map(
      (row) =>
        `${row
          .map((text, column) => text.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** Says what is fetched, from where and under which licence, if anything has to be: for the `onProgress` of a data set. */
export const reportFetch = (out: NodeJS.WriteStream): OnProgress => {
  let said = ''
  return ({ dataset, phase, total, source, licence, folder }) => {
    if (`${dataset} ${phase}` === said) return
    said = `${dataset} ${phase}`
    if (phase === 'download') out.write(`Fetching ${dataset}, ${(total / 1e6).toFixed(1)} MB, from ${source} (${licence})\n`)
    if (phase === 'done') out.write(`It is kept in ${folder}\n\n`)
  }
}
