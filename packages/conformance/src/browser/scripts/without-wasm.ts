/** For a page that lets no WebAssembly be compiled: why backend-wasm is not there, and what backend-cpu computes instead. */
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import { tensor, useBackend } from '@tenon/tensor'
import { publish } from './publish.ts'

async function withoutWasm(): Promise<{ reason: string; sum: number }> {
  let reason = 'none'
  try {
    wasm()
  } catch (error) {
    reason = String(error)
  }
  await useBackend(cpu())
  return { reason, sum: await tensor([1, 2, 3]).sum().item() }
}

publish(withoutWasm())
