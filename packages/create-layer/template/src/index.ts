export * from './my-layer.ts'
