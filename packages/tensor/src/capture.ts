/** Set while a function is captured by `jit`: what would run is recorded instead. */
export const capture: { active: boolean } = { active: false }
