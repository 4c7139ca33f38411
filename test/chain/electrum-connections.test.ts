import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { electrumChain } from '../../src/chain/index.ts'
import { createRegtestChain } from '../../src/regtest/index.ts'
import { type TestElectrum, testElectrum } from './electrumServer.ts'
import { afterwards, failureOf } from './stubbed.ts'

// How a connection is made, what certificate is believed, and what follows when it is cut.

const limits = { attempts: 1, timeoutMs: 2000, firstPauseMs: 1 }

async function open(servers: readonly string[]) {
  const chain = await electrumChain({ servers, network: 'regtest', limits })
  afterwards(() => chain.close())
  return chain
}

describe('over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bookend-electrum-'))
  const world = createRegtestChain()
  let tls: { readonly key: string; readonly cert: string }
  let fingerprint: string

  beforeAll(() => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const self = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    execFileSync('openssl', [...self, '-subj', '/CN=test', '-keyout', key, '-out', cert], { stdio: 'ignore' })
    tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
    fingerprint = new X509Certificate(tls.cert).fingerprint256
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  async function server(): Promise<TestElectrum> {
    const made = await testElectrum(world, tls)
    afterwards(made.close)
    return made
  }

  test('a certificate that nobody has signed is not believed, and nothing is said to it', async () => {
    const { address, asked } = await server()
    const { code, message } = await failureOf(open([address]))
    expect(code).toBe('unreachable')
    expect(message).toContain('its certificate is signed by itself')
    expect(asked).toStrictEqual([])
  })

  test('unless it is pinned, with colons or without', async () => {
    const { address } = await server()
    for (const pin of [fingerprint, fingerprint.replaceAll(':', '').toLowerCase()])
      expect((await (await open([`${address}#${pin}`])).tip()).hash).toBe(world.tip.hash)
  })

  test('another one than the pinned is not believed, and nothing is said to it', async () => {
    const { address, asked } = await server()
    const { message } = await failureOf(open([`${address}#${'ab'.repeat(32)}`]))
    expect(message).toContain('its certificate is not the pinned one but')
    expect(asked).toStrictEqual([])
  })

  test('a server that speaks no TLS is none', async () => {
    const plain = await testElectrum(world)
    afterwards(plain.close)
    expect((await failureOf(open([`127.0.0.1:${plain.port}`]))).code).toBe('unreachable')
  })
})

test('a connection that was cut is made again, with a greeting', async () => {
  const world = createRegtestChain()
  const server = await testElectrum(world)
  afterwards(server.close)
  const chain = await electrumChain({
    servers: [server.address],
    network: 'regtest',
    limits: { ...limits, attempts: 3 },
  })
  afterwards(() => chain.close())
  expect(server.asked[0]).toBe('server.version')
  server.asked.length = 0
  server.cut()
  world.mine(1)
  expect((await chain.tip()).hash).toBe(world.tip.hash)
  expect(server.asked[0]).toBe('server.version')
})

test('a server that goes away is told of, and all questions that wait with it', async () => {
  const server = await testElectrum(createRegtestChain())
  const chain = await open([server.address])
  await server.close()
  const { code, message } = await failureOf(chain.tip())
  expect(code).toBe('unreachable')
  expect(message).toMatch(/No Electrum server answers \(127\.0\.0\.1:\d+: .+--electrum/)
})

test.each([
  'ftp://h:1',
  'tcp://',
  'h:0',
  'h:70000',
  'tcp://user:password@h:1',
  'h:1/path',
  'tls://h:1#ab',
  `tcp://h:1#${'ab'.repeat(32)}`,
])('%s is no address', async address => {
  const { message } = await failureOf(open([address]))
  expect(message).toContain('is not the address of an Electrum server')
  expect(message).not.toContain('password')
})

test('no server at all', async () => {
  expect((await failureOf(open([]))).message).toContain('No Electrum server is named')
})
