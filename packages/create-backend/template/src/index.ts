export { myBackend } from './my-backend.ts'
