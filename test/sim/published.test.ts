import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const target = mkdtempSync(join(tmpdir(), 'bookend-published-'))
afterAll(() => rmSync(target, { recursive: true, force: true }))

/** The package as `npm run build` makes it, without asking about its types again. */
function build(): void {
  const path = join(ROOT, 'tsconfig.build.json')
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} }
  const config = ts.getParsedCommandLineOfConfigFile(path, {}, host)
  // One file by itself cannot tell that package.json says ESM.
  const compilerOptions = { ...config?.options, module: ts.ModuleKind.ESNext }
  for (const name of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue
    const fileName = join(ROOT, 'src', name)
    const { outputText } = ts.transpileModule(readFileSync(fileName, 'utf8'), { compilerOptions, fileName })
    const output = join(target, 'dist', name.replace(/ts$/, 'js'))
    mkdirSync(dirname(output), { recursive: true })
    writeFileSync(output, outputText)
  }
  copyFileSync(join(ROOT, 'package.json'), join(target, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(target, 'node_modules'))
}

test('the published package gives a world under the name bookend/sim', () => {
  build()
  const program = join(target, 'program.js')
  writeFileSync(
    program,
    `import { msat } from 'bookend'
    import { createWorld } from 'bookend/sim'
    const channels = [{ from: 'alice', to: 'shop', capacitySat: 1_000_000 }]
    const world = await createWorld({ nodes: ['shop', 'alice'], channels, faults: {} })
    const { status } = await world.run(async ({ nodes }) =>
      nodes.alice.pay({ nodeId: nodes.shop.nodeId, amountMsat: msat(21_000n) }))
    console.log(status)`,
  )
  expect(execFileSync(process.execPath, ['--no-strip-types', program], { encoding: 'utf8' })).toBe('succeeded\n')
})
