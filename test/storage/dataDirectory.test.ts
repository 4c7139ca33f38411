import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { openDataDirectory } from '../../src/storage/index.ts'
import { temporaryDirectories } from './temporary.ts'

const CHILD = fileURLToPath(new URL('./holdingChild.ts', import.meta.url))
const temporary = temporaryDirectories()
const newPath = () => join(realpathSync(temporary()), 'data')

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function hold(path: string) {
  const child = spawn(process.execPath, ['--expose-gc', CHILD, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const [said] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { said, pid: child.pid, child }
}

describe('a data directory', () => {
  test('is made for its owner alone, with the directories above it, and so are its files', () => {
    const path = join(newPath(), 'deeper')
    const directory = openDataDirectory(path)
    expect(directory.path).toBe(path)
    expect(directory.file('store')).toBe(join(path, 'store'))
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(join(path, 'lock')).mode & 0o777).toBe(0o600)
    directory.close()
  })

  test('that others can read is refused, with the command that mends it, and nothing is put into it', () => {
    for (const mode of [0o755, 0o750, 0o701]) {
      const path = newPath()
      mkdirSync(path)
      chmodSync(path, mode)
      expect(() => openDataDirectory(path)).toThrow(`(mode ${mode.toString(8)}): expected 700. Run: chmod 700 ${path}`)
      expect(existsSync(join(path, 'lock'))).toBe(false)
    }
  })

  test('is opened once in a process, by whatever name, and again when it was closed', () => {
    const path = newPath()
    const directory = openDataDirectory(path)
    symlinkSync(path, `${path}-link`)
    for (const name of [path, `${path}-link`])
      expect(() => openDataDirectory(name)).toThrow(`${path} is in use by this process (${process.pid}) already`)
    directory.close()
    directory.close()
    const again = openDataDirectory(`${path}-link`)
    expect(again.path).toBe(path)
    expect(() => openDataDirectory(path)).toThrow(/in use/)
    again.close()
  })

  test('whose lock cannot be read or written says so, and which file it is', () => {
    const path = newPath()
    mkdirSync(path, { mode: 0o700 })
    writeFileSync(join(path, 'lock'), 'x'.repeat(4096))
    expect(() => openDataDirectory(path)).toThrow(
      expect.objectContaining({
        name: 'StorageError',
        code: 'store_failed',
        message: expect.stringContaining(`${join(path, 'lock')} failed: Error: file is not a database.`),
      }),
    )
  })
})

describe('two processes', () => {
  test('the second is told who has it, and gets it when the first was killed', async () => {
    const path = newPath()
    const first = await hold(path)
    expect(first.said).toBe('held')
    expect(() => openDataDirectory(path)).toThrow(`The data directory ${path} is in use by process ${first.pid}:`)
    const second = await hold(path)
    expect(second.said).toContain(`directory_in_use: The data directory ${path} is in use by process ${first.pid}:`)
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')
    const third = await hold(path)
    expect(third.said).toBe('held')
    expect(() => openDataDirectory(path)).toThrow(`in use by process ${third.pid}:`)
  })

  test('of six that start at once, one gets it', async () => {
    const path = newPath()
    const all = await Promise.all(Array.from({ length: 6 }, () => hold(path)))
    const [owner, ...others] = all.filter(({ said }) => said === 'held')
    expect(others).toEqual([])
    for (const { said } of all.filter(each => each !== owner))
      expect(said).toContain(`in use by process ${owner?.pid}:`)
  })
})
