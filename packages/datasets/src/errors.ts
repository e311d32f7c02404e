import { TenonError } from '@tenon/tensor'

/** Data that is missing, damaged, or does not fit together. The message names the file or field and says what to do. */
export class DatasetError extends TenonError {
  override name = 'DatasetError'
}
