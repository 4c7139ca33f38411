import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writePrivateFile } from '../../src/cli/dataDirectory.ts'
import { untilEnded } from '../../src/cli/start/ending.ts'
import { readStart } from '../../src/cli/start/options.ts'
import { outletOf } from '../../src/cli/start/outlet.ts'
import { PEER_ID } from '../api/fakeNode.ts'
import { fakeShell, newFolder } from './fakeShell.ts'

// The parts of `bookend start` that need no node.

const TYPED = { listen: '127.0.0.1:9735', api: '127.0.0.1:9740' }

describe('the options of a start', () => {
  it('without any: regtest, with the chain of `bookend regtest`, below the home directory', () => {
    const { shell } = fakeShell({ home: '/alice' })
    expect(readStart(shell, TYPED)).toEqual({
      dataDir: '/alice/.bookend/regtest',
      network: 'regtest',
      chain: { url: 'http://bookend:bookend@127.0.0.1:18443' },
      listen: { host: '127.0.0.1', port: 9735 },
      api: { host: '127.0.0.1', port: 9740 },
      seed: { type: 'asked' },
      trustZeroConf: [],
      announce: {},
      onionMessages: false,
      watchtowers: [],
    })
  })

  it('the chain of the environment, which --chain beats', () => {
    const { shell } = fakeShell({ env: { BOOKEND_CHAIN: 'http://u:p@h:1' } })
    const chainOf = (more: object) => readStart(shell, { ...TYPED, ...more }).chain
    expect(chainOf({ network: 'signet' })).toEqual({ url: 'http://u:p@h:1' })
    expect(chainOf({ chain: 'http://h:2', chainCookie: '/c' })).toEqual({ url: 'http://h:2', cookieFile: '/c' })
  })

  it('Esplora servers in place of a Bitcoin Core, and not beside it', () => {
    const { shell } = fakeShell({ env: { BOOKEND_CHAIN: 'http://u:p@h:1' } })
    const chainOf = (more: object) => readStart(shell, { ...TYPED, network: 'signet', ...more }).chain
    expect(chainOf({ esplora: 'https://a/api, https://b/api' })).toEqual({
      esplora: ['https://a/api', 'https://b/api'],
    })
    for (const more of [{ chain: 'http://h:2' }, { chainCookie: '/c' }])
      expect(() => chainOf({ esplora: 'https://a/api', ...more })).toThrow('--esplora and --chain do not go together.')
  })

  it('Electrum servers in place of others, and not beside them', () => {
    const { shell } = fakeShell({ env: { BOOKEND_CHAIN: 'http://u:p@h:1' } })
    const chainOf = (more: object) => readStart(shell, { ...TYPED, network: 'signet', ...more }).chain
    expect(chainOf({ electrum: 'tls://a:1, tcp://b:2' })).toEqual({ electrum: ['tls://a:1', 'tcp://b:2'] })
    for (const more of [{ chain: 'http://h:2' }, { chainCookie: '/c' }])
      expect(() => chainOf({ electrum: 'a:1', ...more })).toThrow('--electrum and --chain do not go together.')
    expect(() => chainOf({ electrum: 'a:1', esplora: 'https://a' })).toThrow('--esplora and --electrum do not go')
  })

  it('no port for peers, any port, and where words were used before', () => {
    const { shell } = fakeShell()
    expect(
      readStart(shell, {
        ...TYPED,
        listen: 'none',
        api: '[::1]:0',
        birthHeight: '800000',
        unencryptedSeed: true,
        trust: `${PEER_ID}, ${PEER_ID.toUpperCase()}`,
        alias: 'ann',
        color: '0000ff',
        announceAt: 'ann.example.org, [2001:db8::7]:9999',
        onionMessages: true,
      }),
    ).toMatchObject({
      listen: undefined,
      api: { host: '::1', port: 0 },
      birthHeight: 800_000,
      trustZeroConf: [PEER_ID, PEER_ID],
      announce: {
        alias: 'ann',
        color: '0000ff',
        addresses: [
          { host: 'ann.example.org', port: 9735 },
          { host: '2001:db8::7', port: 9999 },
        ],
      },
      seed: { type: 'unencrypted' },
      onionMessages: true,
    })
  })
})

describe('the end of a start', () => {
  it('is asked for by the first signal; a second one ends the process at once', () => {
    const fake = fakeShell()
    const ending = untilEnded(fake.shell)
    fake.signal('SIGTERM')
    expect([ending.signal.aborted, fake.exits]).toEqual([true, []])
    fake.signal('SIGINT')
    expect(fake.exits).toEqual([130])
    ending.calm()
    fake.signal('SIGINT')
    expect(fake.exits).toEqual([130])
  })

  it('is asked for by the API as well', async () => {
    const fake = fakeShell()
    const ending = untilEnded(fake.shell)
    ending.ask()
    await ending.asked
    fake.signal('SIGTERM')
    expect(fake.exits).toEqual([143])
  })
})

describe('what a running node prints', () => {
  const READY = {
    nodeId: '02aa',
    network: 'regtest',
    listen: '127.0.0.1:9735',
    api: 'http://127.0.0.1:9740',
    dataDir: '/d',
    pid: 7,
  }
  const TROUBLE = { level: 'warn', message: 'The chain\nis away.', peer: '02bb' } as const
  const now = () => 1_700_000_000_000

  it('for people', () => {
    const fake = fakeShell()
    const outlet = outletOf(fake.shell, now)
    outlet.ready(READY)
    outlet.ready({ ...READY, listen: null })
    outlet.say(TROUBLE)
    expect(fake.printed()).toEqual({
      errors: '',
      out: [
        'Ready on regtest. Peers reach it as 02aa@127.0.0.1:9735. API http://127.0.0.1:9740. Ctrl-C ends it.',
        'Ready on regtest. Peers cannot reach it. API http://127.0.0.1:9740. Ctrl-C ends it.',
        '2023-11-14 22:13:20Z  The chain is away. (peer 02bb)',
        '',
      ].join('\n'),
    })
  })

  it('for programs: one object a line', () => {
    const fake = fakeShell({ json: true })
    const outlet = outletOf(fake.shell, now)
    outlet.ready(READY)
    outlet.say(TROUBLE)
    outlet.say({ level: 'error', message: 'x' })
    expect(
      fake
        .printed()
        .out.trimEnd()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toEqual([
      { event: 'ready', ...READY },
      { event: 'log', level: 'warn', message: 'The chain is away.', peer: '02bb', at: now() },
      { event: 'log', level: 'error', message: 'x', at: now() },
    ])
  })
})

describe('a private file', () => {
  it('takes the place of an old one, and of what a crash left beside it', () => {
    const file = join(newFolder(), 'file')
    writePrivateFile(`${file}.new`, 'half')
    writePrivateFile(file, 'first')
    writePrivateFile(file, new Uint8Array(3))
    expect([statSync(file).size, statSync(file).mode & 0o777]).toEqual([3, 0o600])
  })
})
