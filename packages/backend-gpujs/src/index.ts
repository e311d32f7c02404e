export { type GpujsMode, type GpujsOptions, gpujs } from './gpujs.ts'
