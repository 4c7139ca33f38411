// cli: the commands a person types, each a thin skin over the rooms below.
// It must not know the protocol: it starts things, asks a running node, prints what happens and picks the exit code.
// bin/bookend.js enters here, so this file is the room's door. Start reading at program.ts, then one file for each command.
import { readFileSync } from 'node:fs'
import { processShell } from './processShell.ts'
import { runCli } from './runCli.ts'

const words = process.argv.slice(2)
const exitCode = await runCli(words, processShell(words.includes('--json')), packageVersion())
// Commands of other kinds have set their own.
if (exitCode !== 0) process.exitCode = exitCode

function packageVersion(): string {
  // Two folders up both from src/cli and from dist/cli.
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return hasVersion ? String(manifest.version) : 'unknown'
}
