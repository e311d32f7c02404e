/** The element of index.html with this id, of the class that it is there. */
export const byId = <T extends Element>(id: string, kind: new () => T): T => {
  const element = document.getElementById(id)
  if (element instanceof kind) return element
  throw new Error(`index.html has no ${kind.name} with the id ${id}`)
}
