/** The command line of a generator. */
import { relative, resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import { createPackage } from './create-package.ts'
import { UsageError } from './errors.ts'
import type { Template } from './template.ts'

/** What the command has from outside. Tests bring their own. */
export interface World {
  /** Where the user stands. */
  readonly cwd: string
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** How the package manager that runs the command calls itself: `pnpm/12.21.0 npm/? node/v20.20.2 linux x64`. */
  readonly userAgent: string | undefined
}

/** Runs the generator of a template for this process. */
export function runMain(template: Template, version: string): void {
  process.exitCode = runCreate(template, version, process.argv.slice(2), {
    cwd: process.cwd(),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    userAgent: process.env['npm_config_user_agent'],
  })
}

/** Runs a command line. Gives the exit code. */
export function runCreate(template: Template, version: string, argv: readonly string[], world: World): number {
  const { kind } = template
  const command = new Command(`create @tenon/${kind}`)
    .description(`Makes a folder with a package: a ${kind} for Tenon that works, to be made yours, with its tests.`)
    .argument('<name>', `of the package, as npm is to know it: tenon-my-${kind}, @you/my-${kind}`)
    .option('--folder <path>', 'where to (default: the name without its scope)')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .exitOverride()
    .configureOutput({ writeOut: world.out, writeErr: (text) => world.err(`${text.trim().replaceAll(/\s*\n\s*/g, ' ')}\n`) })
    .action((name: string, options: { folder?: string }) => world.out(create(template, name, options.folder, world)))
  try {
    command.parse(argv, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof UsageError)) throw error
    world.err(`error: ${error.message}\n`)
    return 2
  }
}

function create(template: Template, name: string, chosen: string | undefined, { cwd, userAgent }: World): string {
  const folder = resolve(cwd, chosen ?? name.split('/').at(-1)!)
  const { names, files } = createPackage(template, name, folder)
  const manager = userAgent?.split('/')[0] || 'npm'
  const there = folder === cwd ? [] : [`cd ${relative(cwd, folder)}`]
  const steps = [...there, `${manager} install`, `${manager} run test`]
  return `${name}: ${files.length} files, ${names.identifier} is in src/${names.file}.ts\n\n${steps.map((step) => `  ${step}\n`).join('')}`
}
