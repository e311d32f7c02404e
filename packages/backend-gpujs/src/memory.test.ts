import * as library from 'gpu.js'
import { beforeEach, describe, expect, test } from 'vitest'
import { Device, type Library } from './device.ts'
import { Memory } from './memory.ts'

describe('a view', () => {
  let device: Device
  let memory: Memory
  beforeEach(() => {
    device = new Device(library as Library, 'cpu')
    memory = new Memory(device, 'float32', 5)
    memory.setHost(Float32Array.of(1, 2, 3, 4, 5))
    return () => device.dispose()
  })

  test('shows elements of another memory, and writes to it what comes from the device or the host', () => {
    const view = memory.view(1, 2)
    expect([[...view.onHost()], [...(view.onDevice() as Float32Array)]]).toEqual([
      [2, 3],
      [2, 3],
    ])
    view.setDevice(device.upload(Float32Array.of(20, 30)))
    memory.view(4, 1).setHost(Float32Array.of(50))
    expect([...memory.onHost()]).toEqual([1, 20, 30, 4, 50])
    expect([...(memory.onDevice() as Float32Array)]).toEqual([1, 20, 30, 4, 50])
    expect(device.live).toBe(1)
  })

  test('of a view is one of what that shows', () => {
    const inner = memory.view(1, 4).view(2, 2)
    inner.setHost(Float32Array.of(40, 50))
    expect([...memory.onHost()]).toEqual([1, 2, 3, 40, 50])
  })

  test('writes to its memory, and not to copies of that, nor does a copy of it change', () => {
    const [copy, part] = [new Memory(device, 'float32', 5), new Memory(device, 'float32', 2)]
    const view = memory.view(0, 2)
    memory.onDevice()
    copy.copyFrom(memory)
    part.copyFrom(view)
    view.setHost(Float32Array.of(10, 20))
    copy.view(4, 1).copyFrom(view.view(0, 1))
    expect([memory, copy, part].map((m) => [...m.onHost()])).toEqual([
      [10, 20, 3, 4, 5],
      [1, 2, 3, 4, 10],
      [1, 2],
    ])
  })

  test('of integers that float32 does not hold keeps them', () => {
    const integers = new Memory(device, 'int32', 3)
    integers.setHost(Int32Array.of(2 ** 30 + 1, 2, 3))
    expect(integers.view(1, 1).fits).toBe(false)
    integers.view(2, 1).setDevice(device.upload(Float32Array.of(7)))
    integers.view(1, 1).setHost(Int32Array.of(2 ** 30 + 3))
    expect(integers.onHost()).toEqual(Int32Array.of(2 ** 30 + 1, 2 ** 30 + 3, 7))
  })
})
