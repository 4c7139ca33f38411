import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { restoreRegtestChain } from '../../src/regtest/index.ts'
import { cleanUp, newFolder, run, serve } from './regtestProcess.ts'

afterAll(cleanUp)

const ADDRESS = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'
const chainFile = (folder: string) => join(folder, 'regtest.chain')

/** The height that a folder's file holds: the file is read as any start would read it. */
function savedHeight(folder: string): number | string {
  const restored = restoreRegtestChain(new Uint8Array(readFileSync(chainFile(folder))))
  return restored.ok ? restored.value.height : restored.error.message
}

describe('bookend regtest', () => {
  it('prints one ready line, serves, mines on command, and ends with code 0 on stop', async () => {
    const served = await serve()
    expect(served.ready).toEqual({
      event: 'ready',
      rpc: `http://127.0.0.1:${served.port}`,
      user: 'bookend',
      pid: served.child.pid,
      height: 0,
      bestblockhash: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
    })
    const own = await run('regtest', 'mine', '2', '--rpc-port', served.port)
    const tip = await served.rpc.call('getbestblockhash')
    expect(own).toEqual({ code: 0, errors: '', out: `Mined 2 blocks: height 2, tip ${tip}\n` })
    const given = await run('regtest', 'mine', '1', '--to', ADDRESS, '--json', '--rpc-port', served.port)
    const { height, hashes } = JSON.parse(given.out) as { height: number; hashes: string[] }
    expect([height, hashes]).toEqual([3, [await served.rpc.call('getbestblockhash')]])
    const { tx } = (await served.rpc.call('getblock', hashes[0], 2)) as { tx: { vout: unknown[] }[] }
    expect(tx[0]?.vout[0]).toMatchObject({ scriptPubKey: { address: ADDRESS } })
    expect(await served.rpc.call('stop')).toBe('Bookend regtest stopping')
    expect(await served.ended).toMatchObject({ code: 0, errors: '' })
  })

  it('takes another user and password, refuses wrong ones, and says when its port is taken', async () => {
    const folder = newFolder()
    const name = ['--rpc-user', 'carol', '--rpc-password', 'x:y']
    const served = await serve('--data-dir', folder, ...name)
    expect(served.ready).toMatchObject({ user: 'carol', dataDir: folder })
    expect((await served.rpc.post('{}')).status).toBe(401)
    const wrong = await run('regtest', 'mine', '1', '--rpc-port', served.port)
    expect(wrong).toMatchObject({
      code: 1,
      out: '',
      errors: expect.stringMatching(/^error: the user or the password.*\n$/),
    })
    expect((await run('regtest', 'mine', '1', '--rpc-port', served.port, ...name)).code).toBe(0)
    const taken = await run('regtest', '--rpc-port', served.port)
    expect(taken).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^error: port \d+ cannot be listened on: .*\n$/),
    })
    expect((await served.end('SIGINT')).code).toBe(0)
  })

  it('goes on after SIGTERM with the chain and the mempool that it had', async () => {
    const folder = newFolder()
    const first = await serve('--data-dir', folder)
    await first.rpc.call('bookend_fund', ADDRESS, 1)
    const { txid } = (await first.rpc.call('bookend_fund', ADDRESS, 2, false)) as { txid: string }
    const tip = await first.rpc.call('getbestblockhash')
    expect(await first.end('SIGTERM')).toMatchObject({ code: 0, errors: '' })
    expect(readdirSync(folder)).toEqual(['regtest.chain'])
    const second = await serve('--data-dir', folder)
    expect(second.ready).toMatchObject({ height: 101, bestblockhash: tip })
    expect(await second.rpc.call('getrawmempool')).toEqual([txid])
    await second.end('SIGTERM')
  })

  it('has on the disk whatever it has answered, also after kill -9', async () => {
    const folder = newFolder()
    let height = 0
    for (let round = 0; round < 3; round++) {
      const served = await serve('--data-dir', folder)
      expect(served.ready.height).toBe(height)
      // Several at once: they share saves, and none is answered before its own is done.
      const calls = Array.from({ length: 5 }, () => served.rpc.call('generatetoaddress', 1, ADDRESS))
      await Promise.all(calls)
      height += calls.length
      expect(savedHeight(folder)).toBe(height)
      // What is under way when it dies may be lost, but leaves a good file.
      const unanswered = served.rpc.call('generatetoaddress', 50, ADDRESS).catch(() => 'lost')
      await served.end('SIGKILL')
      await unanswered
      const answered = height
      height = Number(savedHeight(folder))
      expect([answered, answered + 50]).toContain(height)
    }
  })

  it('refuses a folder that another process has, and takes over that of one that is gone', async () => {
    const folder = newFolder()
    const first = await serve('--data-dir', folder)
    const second = await run('regtest', '--rpc-port', '0', '--data-dir', folder)
    expect(second).toEqual({
      code: 1,
      out: '',
      errors: `error: ${folder} is in use by process ${first.child.pid}: end that one, or name another --data-dir.\n`,
    })
    await first.end('SIGKILL')
    const third = await serve('--data-dir', folder)
    expect(third.ready.height).toBe(0)
    await third.end('SIGTERM')
  })

  it('leaves a damaged file alone and says what is wrong with it', async () => {
    const folder = newFolder()
    const served = await serve('--data-dir', folder)
    await served.rpc.call('bookend_mine', 3)
    await served.end('SIGTERM')
    const bytes = readFileSync(chainFile(folder))
    truncateSync(chainFile(folder), bytes.length - 1)
    const refused = await run('regtest', '--rpc-port', '0', '--data-dir', folder)
    expect(refused).toMatchObject({
      code: 1,
      out: '',
      errors: expect.stringMatching(/does not hold a chain: .*checksum/),
    })
    expect(readFileSync(chainFile(folder))).toEqual(bytes.subarray(0, -1))
    // The file of a crash in the middle of writing is none that counts.
    writeFileSync(chainFile(folder), bytes)
    writeFileSync(`${chainFile(folder)}.new`, bytes.subarray(0, 40))
    const again = await serve('--data-dir', folder)
    expect(again.ready.height).toBe(3)
    await again.end('SIGTERM')
  })

  it('tells callers when a change could not be saved, and says so with its exit code', async () => {
    const folder = newFolder()
    const served = await serve('--data-dir', folder)
    rmSync(folder, { recursive: true })
    expect(await served.rpc.fails('bookend_mine', 1)).toMatchObject({
      code: -20,
      message: expect.stringMatching(/^the chain could not be saved in .*: ENOENT/),
    })
    expect(await served.rpc.call('getblockcount')).toBe(1)
    const ended = await served.end('SIGTERM')
    expect(ended).toMatchObject({ code: 1, errors: expect.stringMatching(/^error: the chain could not be saved/) })
  })

  it('refuses a folder that is none', async () => {
    const file = join(newFolder(), 'file')
    writeFileSync(file, '')
    expect(await run('regtest', '--rpc-port', '0', '--data-dir', join(file, 'below'))).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^error: the folder .* cannot be used: .*\n$/),
    })
  })

  it('says in one sentence what is allowed, with exit code 2', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['--rpc-port', 'x'], /--rpc-port is a port from 0 to 65535/],
      [['--rpc-port', '65536'], /--rpc-port is a port from 0 to 65535/],
      [['--rpc-user', 'a:b'], /--rpc-user is a name without a colon/],
      [['--rpc-password', ''], /--rpc-password is not empty/],
      [['--data-dir', ''], /--data-dir is a folder/],
      [['--wrong'], /unknown option '--wrong'; allowed are --rpc-port/],
      [['dig'], /'dig' is no command of regtest; allowed is mine/],
      [['mine'], /missing required argument 'count'/],
      [['mine', '0'], /a whole number from 1 to 10000, not '0'/],
      [['mine', '1', '2'], /'2' is one argument too many/],
      [['mine', '1', '--rpc-port', '0'], /--rpc-port is a port from 1 to 65535, not '0'/],
    ]
    for (const [args, sentence] of cases) {
      const ended = await run('regtest', ...args)
      expect(ended, args.join(' ')).toMatchObject({ code: 2, out: '', errors: expect.stringMatching(sentence) })
      expect(ended.errors.trim().split('\n')).toHaveLength(1)
    }
    const nobody = await run('regtest', 'mine', '1', '--rpc-port', '1')
    expect(nobody).toMatchObject({ code: 1, errors: expect.stringMatching(/^error: nothing answers on port 1: .*\n$/) })
  })

  it('tells in its help what it serves and takes', async () => {
    const { code, out } = await run('regtest', '--help')
    expect(code).toBe(0)
    for (const word of ['--rpc-port', '--data-dir', 'mine', 'bookend_fund']) expect(out).toContain(word)
    expect((await run('regtest', 'mine', '--help')).out).toContain('--to <address>')
  })
})
