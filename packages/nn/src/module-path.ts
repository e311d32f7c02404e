/**
 * Where a module sits in the model that is running. The outermost `forward` on the stack is the root; paths are those of the
 * walk from there, so nobody has to name a layer for an error to name it.
 */
import { moduleScope } from '@tenon/tensor'
import type { Module } from './module.ts'
import { modulesOf } from './walk.ts'

interface Running {
  root: Module | null
}

/** One object for all copies of this package in the process: a model may be made of layers of several. */
const shared = globalThis as { [key: symbol]: Running | undefined }
const key: symbol = Symbol.for('tenon.nn.running')
const running: Running = (shared[key] ??= { root: null })

const pathsByRoot = new WeakMap<Module, Map<Module, string>>()

function pathBelow(root: Module, module: Module): string | undefined {
  const known = pathsByRoot.get(root)?.get(module)
  if (known !== undefined) return known
  // The first call, or a layer that was put in since the last walk.
  const paths = new Map([...modulesOf(root)].map(([path, found]) => [found, path]))
  pathsByRoot.set(root, paths)
  return paths.get(module)
}

/** `features.3` while a model runs; the name of the class for the model itself, and for a layer that is no field of it. */
export function modulePath(module: Module): string {
  const path = running.root === null ? '' : pathBelow(running.root, module)
  return path || module.constructor.name
}

/** Runs a module's forward: nodes made by it carry its path, and so do errors. */
export function runForward<T>(module: Module, forward: () => T): T {
  const outer = running.root
  running.root ??= module
  const path = modulePath(module)
  try {
    return moduleScope(path, forward)
  } catch (error) {
    if (error instanceof Error) addPath(error, path)
    throw error
  } finally {
    running.root = outer
  }
}

const located = new WeakSet<Error>()

/** The innermost module that an error leaves is named in it, unless its message says so already. */
function addPath(error: Error, path: string): void {
  if (located.has(error)) return
  located.add(error)
  if (error.message.startsWith(path)) return
  const { message, stack } = error
  error.message = `${message} (in ${path})`
  // What Node prints of an uncaught error is the stack, which quotes the message as it first was.
  if (stack) error.stack = stack.replace(message, () => error.message)
}
