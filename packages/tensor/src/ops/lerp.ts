import type { Tensor } from '../tensor.ts'

/** lerp(start, end, weight) = start + weight · (end − start); source: torch.lerp.   shapes broadcast */
export const lerp = (start: Tensor, end: Tensor, weight: Tensor | number): Tensor => start.add(end.sub(start).mul(weight))
