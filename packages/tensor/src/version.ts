/** That of package.json: written by scripts/version.mjs. */
export const version = '0.1.0'
