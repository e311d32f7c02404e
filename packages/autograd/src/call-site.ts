/** Where an op was called: its stack without the frames of `tensor`, of this package and of installed packages. */
const place = (frame: string): string | undefined => /(?:\w+:\/\/)?\/[^\s()]*?(?=:\d+:\d+\)?$)/.exec(frame)?.[0].replace('file://', '')
const folder = (path: string | undefined): string | undefined => path?.slice(0, path.lastIndexOf('/') + 1)

export function callSite(stack: string | null): string {
  if (!stack) return '    (before detectAnomaly began)'
  const frames = stack.split('\n').filter((line) => place(line))
  // The innermost frame is the constructor of the node: where it lies, the tensor package lies.
  const inside = [folder(place(frames[0] ?? '')), folder(new URL(import.meta.url).pathname)]
  const own = (frame: string): boolean => inside.some((dir) => dir && place(frame)!.startsWith(dir)) || frame.includes('/node_modules/')
  const callers = frames.filter((frame) => !own(frame))
  return (callers.length > 0 ? callers : frames).slice(0, 10).join('\n') // all in one bundle: nothing to tell apart
}
