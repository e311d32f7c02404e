import './traps.test.ts'
