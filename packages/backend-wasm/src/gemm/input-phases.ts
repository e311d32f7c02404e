/**
 * Convolutions with dilated inputs, which are the input gradients of those with strides. Of the zeros between the inputs an output meets always the
 * same pattern, by its phase: so the outputs of each phase are a convolution of their own, with the taps that meet inputs.
 */
import { type Convolution, ExprPool, rebuild, type SpatialAxis } from '@tenon/kernel'
import { commonDivisor } from '../common-divisor.ts'

/** Outputs first, first + period, … of an axis, and the taps firstTap, firstTap + step, … that they need. */
interface Phase {
  readonly axis: SpatialAxis
  readonly first: number
  readonly period: number
  readonly firstTap: number
  readonly step: number
}

function phasesOf(axis: SpatialAxis): Phase[] {
  const { stride, dilation, inputDilation, padLow, kernel, output } = axis
  const shared = commonDivisor(stride, inputDilation)
  const period = inputDilation / shared
  const step = inputDilation / commonDivisor(dilation, inputDilation)
  return Array.from({ length: Math.min(period, output) }, (_, first) => {
    const place = (tap: number): number => first * stride + tap * dilation - padLow
    const meeting = Array.from({ length: Math.min(step, kernel) }, (_, tap) => tap).find((tap) => place(tap) % inputDilation === 0)
    const firstTap = meeting ?? 0
    const taps = meeting === undefined ? 0 : Math.ceil((kernel - meeting) / step)
    const own: SpatialAxis = {
      input: axis.input,
      kernel: taps,
      output: Math.ceil((output - first) / period),
      stride: stride / shared,
      dilation: (dilation * step) / inputDilation,
      inputDilation: 1,
      padLow: taps === 0 ? 0 : 0 - place(firstTap) / inputDilation,
    }
    return { axis: own, first, period, firstTap, step }
  })
}

/** The same as convolutions without dilated inputs. */
export function splitByPhase(kernel: Convolution): readonly Convolution[] {
  if (kernel.spatial.every((axis) => axis.inputDilation === 1)) return [kernel]
  const choices = kernel.spatial
    .map(phasesOf)
    .reduce<Phase[][]>((all, phases) => all.flatMap((chosen) => phases.map((phase) => [...chosen, phase])), [[]])
  return choices.map((phases) => ofPhases(kernel, phases))
}

/** Axes of the stores before the spatial ones: batch, group, channel. */
const leading = 3

function ofPhases(kernel: Convolution, phases: readonly Phase[]): Convolution {
  const { w } = kernel
  const pool = new ExprPool()
  const copy = rebuild(pool, {
    index: ({ axis, extent }) => {
      const phase = phases[axis - leading]
      return phase ? pool.scaleAdd(pool.index(axis, phase.axis.output), phase.period, pool.int(phase.first)) : pool.index(axis, extent)
    },
  })
  return {
    ...kernel,
    spatial: phases.map(({ axis }) => axis),
    w: {
      ...w,
      offset: phases.reduce((sum, { firstTap }, d) => sum + firstTap * w.spatial[d]!, w.offset),
      spatial: phases.map(({ step }, d) => step * w.spatial[d]!),
    },
    stores: kernel.stores.map((store) => ({ ...store, index: copy(store.index), value: copy(store.value) })),
  }
}
