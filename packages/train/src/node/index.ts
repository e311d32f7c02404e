export { fileError, writeFileAtomic } from './atomic-write.ts'
export { loadCheckpoint, saveCheckpoint } from './checkpoint-file.ts'
export { MetricsLog, type MetricsRecord, readMetrics } from './metrics-log.ts'
export { formatDuration, Progress, type ProgressOptions } from './progress.ts'
