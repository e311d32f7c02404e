/** What a person sees of a run: lines, the progress bar, and the files in its folder. */
import { join, relative } from 'node:path'
import type { Module } from '@tenon/nn'
import { currentBackend } from '@tenon/tensor'
import { plotCurves, type Point, type Position, RunningMean, type StepReport } from '@tenon/train'
import { formatDuration, MetricsLog, Progress, readMetrics, writeFileAtomic } from '@tenon/train/node'
import { dataSets, type ImageLoader } from './data.ts'
import { type Mistake, drawMistakes } from './mistakes.ts'
import { presets } from './model.ts'
import type { Settings } from './settings.ts'

export interface TestResult {
  readonly loss: number
  readonly accuracy: number
}

/** A training step is said in a line of its own this often, or five times an epoch where that is more often. */
const lineEvery = 100

const count = (value: number): string => value.toLocaleString('en')
const percent = (part: number, digits: number): string => (part * 100).toFixed(digits)
