/** The list of backends: one is chosen, and those that do not run here say why. */
import type { BackendState } from '../worker/protocol.ts'
import { byId } from './elements.ts'

const list = byId('backends', HTMLFieldSetElement)

export const showBackends = (states: readonly BackendState[], chosen: string, onChoose: (id: string) => void): void => {
  const legend = list.querySelector('legend')!
  list.replaceChildren(legend, ...states.map((state) => makeRow(state, chosen, onChoose)))
}

export const titleOf = (id: string): string => inputOf(id)!.closest('label')!.querySelector('.name')!.textContent

/** Marks the one that really computes. */
export const markBackend = (id: string): void => {
  const input = inputOf(id)
  if (input) input.checked = true
}

export const allowChoice = (allowed: boolean): void => {
  list.disabled = !allowed
}

const inputOf = (id: string): HTMLInputElement | undefined => [...list.querySelectorAll('input')].find((input) => input.value === id)

const makeRow = ({ id, title, text, available }: BackendState, chosen: string, onChoose: (id: string) => void): HTMLLabelElement => {
  const input = document.createElement('input')
  Object.assign(input, { type: 'radio', name: 'backend', value: id, checked: id === chosen, disabled: !available })
  input.addEventListener('change', () => onChoose(id))
  const span = (className: string, content: string): HTMLSpanElement =>
    Object.assign(document.createElement('span'), { className, textContent: content })
  const label = document.createElement('label')
  label.append(input, span('name', title), span('text', text))
  return label
}
