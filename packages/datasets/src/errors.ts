/** Data that is missing, damaged, or does not fit together. The message names the file or field and says what to do. */
export class DatasetError extends Error {
  override name = 'DatasetError'
}
