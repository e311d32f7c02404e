#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { runMain } from '@tenon/create-kit'
import { layerTemplate } from './index.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
runMain(layerTemplate, version)
