import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { checkChain, clock } from '../../src/cli/doctor/chain.ts'
import { checkDirectory, checkSpace, checkSync } from '../../src/cli/doctor/directory.ts'
import { checkCrypto, checkNodeVersion } from '../../src/cli/doctor/installation.ts'
import { checkPort } from '../../src/cli/doctor/ports.ts'
import { createRegtestChain } from '../../src/regtest/index.ts'
import { testElectrum } from '../chain/electrumServer.ts'
import { testEsplora } from '../chain/esploraServer.ts'
import { atFakeNode, newFolder, run } from './fakeShell.ts'
import { cleanUp, serve } from './regtestProcess.ts'

afterAll(cleanUp)

// What the doctor finds in order, and what it says about what is not.

interface Check {
  readonly name: string
  readonly status: string
  readonly message: string
}

const KNOWN = [
  'Node',
  'cryptography',
  'data directory',
  'disk sync',
  'disk space',
  'chain',
  'clock',
  'port for peers',
  'port of the API',
  'API',
]

function privateFolder(): string {
  const folder = join(newFolder(), 'node')
  mkdirSync(folder, { mode: 0o700 })
  return folder
}

describe('bookend doctor', () => {
  it('finds a good installation in order, with exit code 0', async () => {
    const chain = await serve()
    const url = `http://bookend:bookend@127.0.0.1:${chain.port}`
    const words = [
      'doctor',
      '--data-dir',
      privateFolder(),
      '--chain',
      url,
      '--listen',
      '127.0.0.1:0',
      '--api',
      '127.0.0.1:0',
    ]
    const told = await run([...words, '--json'])
    const { ok, checks } = JSON.parse(told.out) as { ok: boolean; checks: readonly Check[] }
    expect([told.code, told.errors, ok]).toEqual([0, '', true])
    expect(checks.map(({ name }) => name)).toEqual(KNOWN)
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(told.out).not.toContain('bookend:bookend')
    const forPeople = await run(words)
    expect(forPeople.out).toMatch(/^ok {4}Node {13}24\.\d+\.\d+\n/)
    expect(forPeople.out).toContain('ok    chain            regtest at block 0\n')
    expect(forPeople.out).toContain('ok    API              no node runs here now\n')
    await chain.end('SIGTERM')
  })

  it('fails with exit code 1 where the chain is another one, or nothing answers', async () => {
    const chain = await serve()
    const url = `http://bookend:bookend@127.0.0.1:${chain.port}`
    const words = ['doctor', '--data-dir', privateFolder(), '--listen', 'none', '--api', '127.0.0.1:0', '--chain', url]
    const wrong = await run([...words, '--network', 'signet'])
    expect(wrong.code).toBe(1)
    expect(wrong.out).toMatch(
      /^fail {2}chain +The bitcoind at .* is on regtest, and this node is on signet\.\n +Name one on signet/m,
    )
    expect(wrong.out).not.toContain('port for peers')
    await chain.end('SIGTERM')
    const gone = await run([...words, '--json'])
    expect(JSON.parse(gone.out)).toMatchObject({
      ok: false,
      checks: expect.arrayContaining([
        expect.objectContaining({ name: 'chain', status: 'fail', advice: expect.stringContaining('--chain') }),
      ]),
    })
  })

  it('knows the ports of the node that runs, and one that ended without a word', async () => {
    const { run: at, api } = await atFakeNode()
    const running = await at('doctor', '--network', 'signet')
    expect(running.out).toMatch(/^ok {4}port for peers +127\.0\.0\.1:9735 is this node's$/m)
    expect(running.out).toMatch(/^ok {4}API +node 02\S+ answers at http/m)
    expect(running.out).toMatch(/^ok {4}chain +\w+ at block \d+, as the node that runs sees it$/m)
    await api.close()
    expect((await at('doctor', '--network', 'signet')).out).toMatch(
      /^warn {2}API +no node answers at http\S+, where one ran before$/m,
    )
  })

  it('Node', () => {
    expect(checkNodeVersion('24.0.0')).toMatchObject({ status: 'ok' })
    expect(checkNodeVersion('22.9.1')).toMatchObject({ status: 'fail', message: '22.9.1 is too old' })
  })

  it('cryptography: the best, a slower one, a wrong wish', async () => {
    const best = { secp256k1: { name: 'native', tried: [] }, hashes: { name: 'native', tried: [] } } as const
    expect(await checkCrypto(async () => best)).toMatchObject({
      status: 'ok',
      message: 'secp256k1 native, hashes native',
    })
    const slower = { ...best, secp256k1: { name: 'wasm', tried: [{ name: 'native', reason: 'not built' }] } } as const
    expect(await checkCrypto(async () => slower)).toMatchObject({
      status: 'warn',
      message: 'secp256k1 wasm, hashes native; native does not run here: not built',
    })
    expect(await checkCrypto(() => Promise.reject(new Error('BOOKEND_CRYPTO is "x"')))).toMatchObject({
      status: 'fail',
    })
  })

  it('data directory: whose it is, and who can read it', () => {
    const folder = privateFolder()
    expect(checkDirectory(folder)).toMatchObject({ status: 'ok' })
    expect(checkDirectory(folder, 12345)).toMatchObject({
      status: 'fail',
      message: `${folder} belongs to another user`,
    })
    writeFileSync(join(folder, 'seed'), '', { mode: 0o600 })
    expect(checkDirectory(folder)).toMatchObject({ status: 'ok' })
    chmodSync(join(folder, 'seed'), 0o640)
    expect(checkDirectory(folder)).toMatchObject({ status: 'fail', advice: `Run: chmod go= ${folder}/seed` })
    chmodSync(folder, 0o755)
    expect(checkDirectory(folder)).toMatchObject({ status: 'fail', advice: `Run: chmod go= ${folder}` })
    expect(checkDirectory(join(folder, 'seed'))).toMatchObject({
      status: 'fail',
      message: `${folder}/seed is no directory`,
    })
    expect(checkDirectory(join(folder, 'none'))).toMatchObject({
      status: 'ok',
      message: expect.stringContaining('not there yet'),
    })
  })

  it('disk: fast, slow, not to be written; and leaves nothing behind', () => {
    const folder = privateFolder()
    let time = 0
    const each = (ms: number) => () => {
      time += ms
      return time
    }
    expect(checkSync(join(folder, 'none', 'yet'), each(3))).toEqual({
      name: 'disk sync',
      status: 'ok',
      message: `3.00 ms in ${folder}`,
    })
    expect(checkSync(folder, each(30))).toMatchObject({ status: 'warn' })
    expect(readdirSync(folder)).toEqual([])
    writeFileSync(join(folder, 'file'), '')
    expect(checkSync(join(folder, 'file'))).toMatchObject({ status: 'fail' })
  })

  it('disk: room, little room, none', () => {
    const mebibytes = (count: number) => () => count * 1024 * 1024
    expect(checkSpace('/', mebibytes(2000))).toMatchObject({ status: 'ok', message: '2000 MiB free' })
    expect(checkSpace('/', mebibytes(1000))).toMatchObject({ status: 'warn' })
    expect(checkSpace('/', mebibytes(49))).toMatchObject({ status: 'fail' })
    expect(checkSpace('/none/such').message).toMatch(/^\d+ MiB free$/)
  })

  it('clock: by the time of the last block', () => {
    const now = 1_700_000_000
    const at = (tipTime: number | undefined, network: 'regtest' | 'bitcoin' = 'bitcoin') =>
      clock({ network, now, tipTime }).status
    expect([
      at(now),
      at(now + 7200),
      at(now + 7201),
      at(now - 86_400),
      at(now - 86_401),
      at(0, 'regtest'),
      at(undefined),
    ]).toEqual(['ok', 'ok', 'fail', 'ok', 'warn', 'ok', 'warn'])
  })

  it('clock: a chain from the future', async () => {
    const chain = await serve()
    await chain.rpc.call('generatetoaddress', 1, 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080')
    const options = { url: `http://bookend:bookend@127.0.0.1:${chain.port}` }
    const checks = await checkChain({ chain: options, network: 'regtest', now: 1_300_000_000 })
    expect(checks.map(({ name, status }) => [name, status])).toEqual([
      ['chain', 'ok'],
      ['clock', 'fail'],
    ])
    await chain.end('SIGTERM')
  })

  it('chain: Esplora servers, one that lies among them, one alone, none', async () => {
    const world = createRegtestChain()
    world.mine(3)
    const servers = [await testEsplora(world), await testEsplora(world)] as const
    onTestFinished(async () => void (await Promise.all(servers.map(server => server.close()))))
    const look = async (esplora: readonly string[]) =>
      (await checkChain({ chain: { esplora }, network: 'regtest', now: 0 })).map(
        ({ status, message }) => `${status} ${message}`,
      )
    expect(await look(servers.map(({ url }) => url))).toEqual(['ok regtest at block 3'])
    servers[0].twist = path => (path.startsWith('/blocks') ? { body: '<html>' } : undefined)
    expect(await look(servers.map(({ url }) => url))).toEqual([
      'ok regtest at block 3',
      expect.stringMatching(/^warn The Esplora server .+ answered with something else than JSON\./),
    ])
    expect(await look([servers[1].url])).toEqual(['ok regtest at block 3', 'warn one Esplora server alone'])
    expect(await look([servers[0].url])).toEqual([expect.stringMatching(/^fail No Esplora server gives an answer/)])
  })

  it('chain: Electrum servers, one alone, none', async () => {
    const world = createRegtestChain()
    world.mine(3)
    const servers = [await testElectrum(world), await testElectrum(world)] as const
    onTestFinished(async () => void (await Promise.all(servers.map(server => server.close()))))
    const look = async (electrum: readonly string[]) =>
      (await checkChain({ chain: { electrum }, network: 'regtest', now: 0 })).map(
        ({ status, message }) => `${status} ${message}`,
      )
    expect(await look(servers.map(({ address }) => address))).toEqual(['ok regtest at block 3'])
    expect(await look([servers[1].address])).toEqual(['ok regtest at block 3', 'warn one Electrum server alone'])
    servers[0].twist = () => ({ error: 'unknown method' })
    expect(await look([servers[0].address])).toEqual([
      expect.stringMatching(/^fail No Electrum server gives an answer/),
    ])
  })

  it('ports: free, taken, ours, not to be had', async () => {
    const other = createServer()
    onTestFinished(() => void other.close())
    await new Promise<void>(done => other.listen(0, '127.0.0.1', done))
    const taken = other.address()
    const port = typeof taken === 'object' && taken !== null ? taken.port : 0
    const look = (host: string, number: number, ours?: { host: string; port: number }) =>
      checkPort({ name: 'port', address: { host, port: number }, option: '--api', ours })
    expect(await look('127.0.0.1', port)).toMatchObject({
      status: 'fail',
      message: `127.0.0.1:${port} is used by another program`,
      advice: expect.stringContaining('--api'),
    })
    expect(await look('127.0.0.1', port, { host: '127.0.0.1', port })).toMatchObject({ status: 'ok' })
    expect(await look('127.0.0.1', 0)).toMatchObject({ status: 'ok' })
    expect(await look('203.0.113.1', 0)).toMatchObject({ status: 'fail' })
  })
})
