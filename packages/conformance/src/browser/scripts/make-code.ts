/** What a policy without 'unsafe-eval' refuses. */
import { publish } from './publish.ts'

publish(new Promise((resolve) => resolve(new Function('return 1 + 1')())))
