/** Leaves the outcome of a page's script where `outcomeOf(page)` reads it. */
export const publish = (outcome: Promise<unknown>): void => {
  Object.assign(globalThis, { outcome: outcome.catch((error: unknown) => ({ error: String(error) })) })
}
