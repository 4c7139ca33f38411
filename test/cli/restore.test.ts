import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeId, utf8Encode } from '../../src/base/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import { keysFromPhrase, seedPhraseFromEntropy } from '../../src/keys/index.ts'
import { sealBackup } from '../../src/node/backup.ts'
import { memoryStore, readSeedFile, sqliteStore } from '../../src/storage/index.ts'
import { OUR_ID } from '../api/fakeNode.ts'
import { atFakeNode, fakeShell, newFolder, run, runWith } from './fakeShell.ts'

// `bookend restore`: a directory that `bookend start` goes on from, or a sentence, and nothing left behind.

const PHRASE = seedPhraseFromEntropy(new Uint8Array(32).fill(3))
const KEYS = keysFromPhrase(PHRASE)
const NODE_ID = nodeId(publicKeyFromSecret(KEYS.nodeSecret))

async function files(phrase: string = PHRASE) {
  const folder = newFolder()
  const [backup, words, passphrase] = ['node.backup', 'words', 'passphrase'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const records = new Map([['peer/02', utf8Encode('{"asked":true,"addresses":[]}')]])
  const nonce = new Uint8Array(12)
  const about = { nodeId: NODE_ID, network: 'regtest', createdAt: 1_700_000_000_000 } as const
  writeFileSync(backup, await sealBackup({ store: memoryStore(records), key: KEYS.backupKey, nonce, ...about }))
  writeFileSync(words, `${phrase}\n`)
  writeFileSync(passphrase, 'correct horse\n')
  return { folder, backup, words, passphrase, dataDir: join(folder, 'new') }
}

/** What a later start would load. */
async function recordsIn(dataDir: string): Promise<readonly string[]> {
  const store = await sqliteStore({ file: join(dataDir, 'node.sqlite') })
  const keys = [...(await store.load('')).keys()]
  await store.close()
  return keys
}

const leftIn = (dataDir: string) => (existsSync(dataDir) ? readdirSync(dataDir).filter(name => name !== 'lock') : [])

describe('restore', () => {
  it('makes a directory of a backup and its words', async () => {
    const { backup, words, passphrase, dataDir } = await files()
    const typed = ['restore', backup, '--data-dir', dataDir, '--phrase-file', words, '--passphrase-file', passphrase]
    const { code, errors, out } = await run(typed)
    expect({ code, errors }).toEqual({ code: 0, errors: '' })
    expect(out).toContain(`Node ${NODE_ID} is in ${dataDir}, as it was at 2023-11-14 22:13:20Z.`)
    expect(out).toContain(`bookend start --network regtest --data-dir ${dataDir} --passphrase-file FILE`)
    expect(out).not.toContain(PHRASE.split(' ')[0])
    const seed = await readSeedFile(join(dataDir, 'seed'), { type: 'passphrase', passphrase: 'correct horse' })
    expect(seed).toEqual({ ok: true, value: PHRASE })
    expect((await recordsIn(dataDir)).toSorted()).toEqual(['node/next-link', 'peer/02'])
    expect(statSync(dataDir).mode & 0o777).toBe(0o700)

    // A second time: what is there may be newer.
    expect(await run(typed)).toMatchObject({ code: 14, errors: expect.stringContaining('records of a node already') })
    expect((await recordsIn(dataDir)).toSorted()).toEqual(['node/next-link', 'peer/02'])
  })

  it('from the words alone, with a height', async () => {
    const { words, dataDir } = await files()
    const typed = [
      'restore',
      '--data-dir',
      dataDir,
      '--phrase-file',
      words,
      '--unencrypted-seed',
      '--birth-height',
      '12',
    ]
    const { code, out } = await run([...typed, '--json'])
    expect(code).toBe(0)
    const start = `bookend start --network regtest --data-dir ${dataDir} --unencrypted-seed`
    expect(JSON.parse(out)).toEqual({ network: 'regtest', dataDir, nodeId: null, channelsToClose: 0, start })
    expect((await recordsIn(dataDir)).toSorted()).toEqual(['node/birth-height', 'node/next-link'])
    const { words: others, dataDir: other } = await files()
    const told = await run([
      'restore',
      '--data-dir',
      other,
      '--phrase-file',
      others,
      '--unencrypted-seed',
      '--birth-height',
      '0',
    ])
    expect(told.out).toContain('Coins on chain come back; channels do not, without a backup or a peer.')
  })

  it('from what peers keep: asks for one source, for addresses, and says what each peer has said', async () => {
    const { backup, words, dataDir } = await files()
    const typed = ['restore', '--data-dir', dataDir, '--phrase-file', words, '--unencrypted-seed', '--peer']
    const both = await run(['restore', backup, '--data-dir', dataDir, '--phrase-file', words, '--peer', OUR_ID])
    expect(both).toMatchObject({ code: 2, errors: expect.stringContaining('There are two sources') })
    expect(await run([...typed, OUR_ID])).toMatchObject({
      code: 2,
      errors: expect.stringContaining(`Nobody knows where ${OUR_ID} is.`),
    })
    expect(await run([...typed, 'nobody'])).toMatchObject({ code: 2, errors: expect.stringContaining('is no node id') })
    const gone = await run([...typed, `${NODE_ID}@127.0.0.1:1`])
    expect(gone.errors).toContain(`No peer has given back a list of channels. ${NODE_ID}: `)
    expect(gone.errors).toContain('Name another peer that this node had a channel with')
    expect(gone.code).not.toBe(0)
    expect(leftIn(dataDir)).toEqual([])
  })

  it('asks a person for the words and twice for the passphrase', async () => {
    const { backup, dataDir } = await files()
    const fake = fakeShell({ answers: [PHRASE, 'one', 'two'] })
    const typed = ['restore', backup, '--data-dir', dataDir]
    expect(await runWith(fake, typed)).toMatchObject({ code: 2, errors: expect.stringContaining('two different') })
    expect(fake.questions).toEqual(['The 24 words of the node', 'Passphrase of the seed', 'The same once more'])
    expect(leftIn(dataDir)).toEqual([])
    expect(await run(typed)).toMatchObject({ code: 2, errors: expect.stringContaining('--phrase-file') })
  })

  it('goes on where the same restore was interrupted, and never takes the place of another seed', async () => {
    const { backup, words, passphrase, dataDir } = await files()
    const typed = ['restore', backup, '--data-dir', dataDir, '--phrase-file', words, '--passphrase-file', passphrase]
    expect((await run(typed)).code).toBe(0)
    for (const name of readdirSync(dataDir)) if (name.startsWith('node.sqlite')) rmSync(join(dataDir, name))
    expect((await run(typed)).code).toBe(0)
    expect((await recordsIn(dataDir)).length).toBe(2)
    for (const name of readdirSync(dataDir)) if (name.startsWith('node.sqlite')) rmSync(join(dataDir, name))
    const other = seedPhraseFromEntropy(new Uint8Array(32).fill(4))
    writeFileSync(words, other)
    const before = readFileSync(join(dataDir, 'seed'))
    const alone = ['restore', '--data-dir', dataDir, '--phrase-file', words, '--passphrase-file', passphrase]
    expect(await run([...alone, '--birth-height', '1'])).toMatchObject({
      code: 14,
      errors: expect.stringContaining(`There is a node in ${dataDir} already.`),
    })
    expect(readFileSync(join(dataDir, 'seed'))).toEqual(before)
  })

  it.each<[string, (at: Awaited<ReturnType<typeof files>>) => readonly string[], number, RegExp]>([
    [
      'no file and no height',
      ({ words }) => ['--phrase-file', words],
      2,
      /neither a backup nor a peer to ask, nor a height/,
    ],
    ['no such backup', ({ folder, words }) => [join(folder, 'nothing'), '--phrase-file', words], 13, /no such file/i],
    [
      'no such words',
      ({ backup, folder }) => [backup, '--phrase-file', join(folder, 'nothing')],
      13,
      /There is no file/,
    ],
    [
      'words that are none',
      ({ backup, passphrase }) => [backup, '--phrase-file', passphrase],
      2,
      /expected 24 words, got 2/,
    ],
    [
      'a file that is no backup',
      ({ passphrase, words }) => [passphrase, '--phrase-file', words],
      2,
      /no backup of Bookend/,
    ],
    [
      'another network',
      ({ backup, words }) => [backup, '--phrase-file', words, '--network', 'signet'],
      11,
      /of a node on regtest, not on signet/,
    ],
  ])('%s: says so, and leaves nothing behind', async (_, more, code, sentence) => {
    const at = await files()
    const ran = await run(['restore', ...more(at), '--unencrypted-seed', '--data-dir', at.dataDir])
    expect(ran).toMatchObject({ code, out: '' })
    expect(ran.errors).toMatch(sentence)
    expect(leftIn(at.dataDir)).toEqual([])
  })

  it('the words of another node, and a file that is cut: says so, and leaves nothing behind', async () => {
    const at = await files(seedPhraseFromEntropy(new Uint8Array(32).fill(4)))
    const typed = ['restore', at.backup, '--unencrypted-seed', '--data-dir', at.dataDir, '--phrase-file', at.words]
    expect((await run(typed)).errors).toContain(`The file belongs to node ${NODE_ID}`)
    writeFileSync(at.words, PHRASE)
    writeFileSync(at.backup, readFileSync(at.backup).subarray(0, 90))
    expect(await run(typed)).toMatchObject({ code: 2, errors: expect.stringContaining('damaged or not all there') })
    expect(leftIn(at.dataDir)).toEqual([])
  })
})

describe('backup', () => {
  it('without a name: one of the node and the time', async () => {
    const { run: atNode } = await atFakeNode()
    const { out, code } = await atNode('backup', '--json')
    expect(code).toBe(0)
    const { file } = JSON.parse(out) as { file: string }
    rmSync(file)
    expect(file).toMatch(new RegExp(`^bookend-${OUR_ID.slice(0, 12)}-\\d{8}T\\d{6}Z\\.backup$`))
  })
})
