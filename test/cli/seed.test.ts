import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BookendError } from '../../src/base/index.ts'
import type { StartOptions } from '../../src/cli/start/options.ts'
import { phraseIn } from '../../src/cli/start/seed.ts'
import { fakeShell, newFolder, type ShellOptions } from './fakeShell.ts'

// The 24 words at the first start and at later ones: who is asked, what is shown, what is refused.

const ASKED: StartOptions['seed'] = { type: 'asked' }
const UNENCRYPTED: StartOptions['seed'] = { type: 'unencrypted' }

function withPassphrase(text: string): StartOptions['seed'] {
  const path = join(newFolder(), 'passphrase')
  writeFileSync(path, text)
  return { type: 'file', path }
}

async function start(file: string, how: StartOptions['seed'], options: ShellOptions = {}) {
  const fake = fakeShell(options)
  const phrase = await phraseIn(fake.shell, file, how).catch((error: unknown) => {
    if (error instanceof BookendError) return error
    throw error
  })
  return { phrase, questions: fake.questions, ...fake.printed() }
}

const refused = (code: string, message: RegExp | string) => ({
  phrase: expect.objectContaining({ code, message: expect.stringMatching(message) }),
})

describe('the seed of a node', () => {
  it('unencrypted: the same words at each start, and nothing printed', async () => {
    const file = join(newFolder(), 'seed')
    const first = await start(file, UNENCRYPTED)
    expect(first).toMatchObject({ phrase: expect.stringMatching(/^([a-z]+ ){23}[a-z]+$/), out: '', errors: '' })
    expect(await start(file, UNENCRYPTED)).toEqual(first)
  })

  it('under a passphrase from a file, up to its line break', async () => {
    const file = join(newFolder(), 'seed')
    const first = await start(file, withPassphrase('correct horse\n'))
    expect(await start(file, withPassphrase('correct horse\r\nsecond line'))).toEqual(first)
    const before = readFileSync(file)
    expect(await start(file, withPassphrase('wrong horse'))).toMatchObject(refused('wrong_passphrase', 'passphrase'))
    expect(readFileSync(file)).toEqual(before)
  })

  it('under a passphrase that is asked for: twice first, then once; the words are shown once', async () => {
    const file = join(newFolder(), 'seed')
    const first = await start(file, ASKED, { answers: ['pass', 'pass'] })
    expect(first.questions).toHaveLength(2)
    const words = String(first.phrase).split(' ')
    const shown = [...first.out.matchAll(/(\d+) ([a-z]+)/g)].map(([, , word]) => word).filter(word => word !== 'words')
    expect(shown).toEqual(words)
    const second = await start(file, ASKED, { answers: ['pass'] })
    expect(second).toMatchObject({ phrase: first.phrase, questions: [expect.any(String)], out: '' })
  })

  it('never shows the words where JSON is asked for', async () => {
    const file = join(newFolder(), 'seed')
    expect(await start(file, UNENCRYPTED, { json: true, answers: [] })).toMatchObject({ out: '', errors: '' })
  })

  it('writes nothing where two different passphrases are typed, or none', async () => {
    const file = join(newFolder(), 'seed')
    expect(await start(file, ASKED, { answers: ['one', 'other'] })).toMatchObject(refused('bad_request', 'different'))
    expect(await start(file, ASKED, { answers: [''] })).toMatchObject(refused('bad_request', 'empty'))
    expect(await start(file, withPassphrase('\n'))).toMatchObject(refused('bad_request', 'empty'))
    expect(await start(file, ASKED)).toMatchObject(refused('bad_request', 'nobody to ask'))
    expect(await start(file, { type: 'file', path: join(file, '..', 'none') })).toMatchObject(
      refused('not_found', 'none'),
    )
    expect(existsSync(file)).toBe(false)
  })

  it('refuses a seed that is kept otherwise than was said', async () => {
    const open = join(newFolder(), 'seed')
    await start(open, UNENCRYPTED)
    expect(await start(open, withPassphrase('x'))).toMatchObject(refused('bad_request', ''))
    // Nobody is asked for a passphrase that there is not.
    expect(await start(open, ASKED, { answers: [] })).toMatchObject({
      ...refused('bad_request', 'without a passphrase'),
      questions: [],
    })
    const sealed = join(newFolder(), 'seed')
    await start(sealed, withPassphrase('x'))
    expect(await start(sealed, UNENCRYPTED)).toMatchObject(refused('bad_request', ''))
  })

  it('says that a file is damaged before it asks for more', async () => {
    const file = join(newFolder(), 'seed')
    await start(file, withPassphrase('x'))
    const bytes = readFileSync(file)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    writeFileSync(file, bytes)
    expect(await start(file, withPassphrase('x'))).toMatchObject(refused('data_directory', ''))
  })
})
