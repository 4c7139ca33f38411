#!/usr/bin/env node
// Starts the command line on a Node that can run it. Bookend needs Node 24: on an older host this launcher starts
// itself again with the Node 24 that `npm ci` puts into node_modules, and where there is none it says so.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const NEEDED_MAJOR = 24
const STARTED_AGAIN = 'BOOKEND_STARTED_AGAIN'
const root = dirname(dirname(fileURLToPath(import.meta.url)))

if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) await runHere()
else runOnBundledNode()

async function runHere() {
  endWithLauncher()
  // A checkout runs its TypeScript as it is; a published package has the JavaScript made from it.
  const source = join(root, 'src', 'cli', 'main.ts')
  const isCheckout = existsSync(source)
  if (isCheckout && !existsSync(join(root, 'node_modules'))) {
    refuse(`Bookend's dependencies are not installed in ${root}: run \`npm ci\` there, then try again.`)
  }
  await import(pathToFileURL(isCheckout ? source : join(root, 'dist', 'cli', 'main.js')).href)
}

function runOnBundledNode() {
  const bundled = ['node', 'node.exe'].map(name => join(root, 'node_modules', 'node', 'bin', name)).find(existsSync)
  if (bundled === undefined || process.env[STARTED_AGAIN] !== undefined) {
    refuse(
      `Bookend needs Node ${NEEDED_MAJOR} or newer and this is Node ${process.versions.node}: ` +
        'install a newer Node (https://nodejs.org), or run `npm ci` in a checkout of Bookend, which brings one along.',
    )
  }
  const child = spawn(bundled, process.argv.slice(1), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [STARTED_AGAIN]: '1' },
  })
  // A terminal sends Ctrl-C to both processes: this one waits for the child to end in its own way. A program sends it here alone.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  })
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.on('SIGHUP', () => child.kill('SIGHUP'))
  child.on('error', error => refuse(`Bookend could not start ${bundled}: ${error.message}`))
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}

/** Who kills the launcher means the node: it ends as suddenly, so that nothing goes on that nobody sees. */
function endWithLauncher() {
  if (process.env[STARTED_AGAIN] === undefined || process.channel === undefined) return
  process.channel.unref()
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
}

function refuse(sentence) {
  console.error(sentence)
  process.exit(1)
}
