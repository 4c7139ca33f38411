import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { txid } from '../../src/bitcoin/index.ts'
import { parseUrl } from '../../src/chain/bitcoind/login.ts'
import type { ChainNetwork } from '../../src/chain/index.ts'
import { REGTEST_GENESIS_HASH } from '../../src/regtest/index.ts'
import { basic, PASSWORD, USER } from '../regtest/rpcClient.ts'
import { spend, testBeds, value } from '../regtest/support.ts'
import type { StubScript } from './stubBitcoind.ts'
import { afterwards, connect, failureOf, scripted, stub } from './stubbed.ts'

// Who we are at a bitcoind, and where it is.

describe('the address', () => {
  test.each<[ChainNetwork, number]>([
    ['regtest', 18443],
    ['signet', 38332],
    ['testnet4', 48332],
    ['bitcoin', 8332],
  ])('without a port it is the one of %s: %i', (network, port) => {
    expect(parseUrl('http://a:b@bitcoin.example', network).endpoint).toStrictEqual({
      host: 'bitcoin.example',
      port,
      path: '/',
      where: `bitcoin.example:${port}`,
    })
  })

  test('IPv6 has brackets for people alone, and a path is kept', () => {
    expect(parseUrl('http://a:b@[::1]:7/wallet/x', 'regtest').endpoint).toStrictEqual({
      host: '::1',
      port: 7,
      path: '/wallet/x',
      where: '[::1]:7',
    })
  })

  test('user and password are what their % codes stand for', async () => {
    const { bitcoind } = await scripted({})
    expect(bitcoind.url).toContain('open%3Asesame')
    expect(bitcoind.calls[0]?.authorization).toBe(basic(USER, PASSWORD))
  })

  test.each([
    '',
    'bitcoind',
    `${USER}:${PASSWORD}@host:1`,
    `https://${USER}:open%3Asesame@host`,
    `http://${USER}:open%3Asesame@`,
    `http://${USER}:open%3Asesame@host:99999`,
    `http://${USER}:open%3Asesame%zz@host`,
    `http://%zz:open%3Asesame@host`,
  ])('%j is none, which is said without repeating it', async url => {
    const failure = await failureOf(connect(url))
    expect(failure.code).toBe('unreachable')
    expect(failure.message).toContain('Expected http://user:password@host:port')
  })

  test('without user, password and cookie nothing is sent', async () => {
    const bitcoind = await stub({})
    const failure = await failureOf(connect(`http://127.0.0.1:${bitcoind.port}`))
    expect(failure.code).toBe('unauthorized')
    expect(failure.message).toContain('name its cookie file')
    expect(bitcoind.calls).toHaveLength(0)
  })
})

describe('the cookie', () => {
  async function cookieFile(text?: string): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'bookend-cookie-'))
    afterwards(() => rm(directory, { recursive: true }))
    const file = join(directory, '.cookie')
    if (text !== undefined) await writeFile(file, text)
    return file
  }

  /** Turns away all cookies but one. */
  function guarded(script: StubScript) {
    const door = { password: 'one' }
    const guard: StubScript = Object.fromEntries(
      Object.entries(script).map(([method, answer]) => [
        method,
        call => (call.authorization === basic('__cookie__', door.password) ? answer(call) : { text: '', status: 401 }),
      ]),
    )
    return { door, guard }
  }
  const tip = { chain: 'regtest', blocks: 7, bestblockhash: 'ab'.repeat(32) }
  const { coins } = testBeds()()
  const tx = spend(coins.slice(0, 1))
  const whole: StubScript = {
    getblockhash: () => ({ result: REGTEST_GENESIS_HASH }),
    getblockchaininfo: () => ({ result: tip }),
    sendrawtransaction: () => ({ result: txid(tx) }),
  }

  test('goes before what stands in the address', async () => {
    const cookie = await cookieFile('__cookie__:one\n')
    const { bitcoind } = await scripted({}, { cookieFile: cookie })
    expect(bitcoind.calls[0]?.authorization).toBe(basic('__cookie__', 'one'))
  })

  test('is read again when bitcoind was started again, for reads, for a publication, and for many at once', async () => {
    const { door, guard } = guarded(whole)
    const file = await cookieFile('__cookie__:one')
    const { bitcoind, chain } = await scripted(guard, { cookieFile: file })
    const restart = async (password: string) => {
      door.password = password
      await writeFile(file, `__cookie__:${password}`)
    }
    await restart('two')
    expect((await chain.tip()).height).toBe(7)
    await restart('three')
    expect(value(await chain.publish(tx))).toBe(txid(tx))
    await restart('four')
    const tips = await Promise.all(Array.from({ length: 10 }, () => chain.tip()))
    expect(new Set(tips.map(({ height }) => height))).toStrictEqual(new Set([7]))
    // Once it is known it is used: nothing more is turned away.
    const before = bitcoind.calls.length
    await chain.tip()
    expect(bitcoind.calls).toHaveLength(before + 1)
  })

  test('that is turned away and is the same as before is a wrong one', async () => {
    const { door, guard } = guarded(whole)
    const { chain } = await scripted(guard, { cookieFile: await cookieFile('__cookie__:one') })
    door.password = 'two'
    expect((await failureOf(chain.tip())).code).toBe('unauthorized')
  })

  test.each([undefined, '', 'open sesame', 'no-colon', ':nobody', 'two\nlines:x'])('is none: %j', async text => {
    const file = await cookieFile(text)
    const bitcoind = await stub({})
    const failure = await failureOf(connect(bitcoind.url, { cookieFile: file }))
    expect(failure.code).toBe('unauthorized')
    expect(failure.message).toContain(`The cookie file ${file} cannot be used (`)
    if (text !== undefined && text !== '') expect(failure.message).not.toContain(text)
    expect(bitcoind.calls).toHaveLength(0)
  })
})
