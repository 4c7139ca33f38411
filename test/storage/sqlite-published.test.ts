import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { temporaryDirectories } from './temporary.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const ROOMS = ['base', 'crypto', 'bitcoin', 'keys', 'ports', 'storage']
const directory = temporaryDirectories()

/** The rooms as `npm run build` publishes them, without asking about their types again. */
function build(target: string): void {
  const path = join(ROOT, 'tsconfig.build.json')
  const config = ts.getParsedCommandLineOfConfigFile(
    path,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  )
  // One file by itself cannot tell that package.json says ESM.
  const compilerOptions = { ...config?.options, module: ts.ModuleKind.ESNext }
  for (const room of ROOMS) {
    for (const name of readdirSync(join(ROOT, 'src', room), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue
      const fileName = join(ROOT, 'src', room, name)
      const { outputText } = ts.transpileModule(readFileSync(fileName, 'utf8'), { compilerOptions, fileName })
      const output = join(target, 'dist', room, name.replace(/ts$/, 'js'))
      mkdirSync(dirname(output), { recursive: true })
      writeFileSync(output, outputText)
    }
  }
  writeFileSync(join(target, 'package.json'), '{ "type": "module" }')
  symlinkSync(join(ROOT, 'node_modules'), join(target, 'node_modules'))
}

test('the published JavaScript has a writer too', () => {
  const target = directory()
  build(target)
  const door = pathToFileURL(join(target, 'dist', 'storage', 'index.js')).href
  const program = `
    import { sqliteStore } from '${door}'
    const store = await sqliteStore({ file: process.argv.at(-1) })
    await store.commit([{ type: 'put', key: 'a', value: Uint8Array.of(1, 2) }])
    console.log(JSON.stringify([...(await store.load(''))]))
    await store.close()`
  // From text, with a flag that would not suit a file: the writer has to be started without the flags of its program.
  const args = ['--no-strip-types', '--input-type=module', '--eval', program, '--', join(target, 'store')]
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('[["a",{"0":1,"1":2}]]\n')
})
