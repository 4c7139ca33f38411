import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { failureOf, newDataDir, openDataDir, startNode, startWords } from './nodeProcess.ts'
import { cleanUp, newFolder, run, type Served, serve } from './regtestProcess.ts'

afterAll(cleanUp)

// Nodes as processes on one chain, asked by commands that are processes too: the contract that scripts rely on.

const mine = async ({ port }: Served, count: number): Promise<void> => {
  expect((await run('regtest', 'mine', `${count}`, '--rpc-port', port)).code).toBe(0)
}
const PATIENCE = { timeout: 60_000, interval: 200 }

describe('the life of a channel', () => {
  it('fund, connect, open, pay both ways, close, and the balances come out', async () => {
    const chain = await serve()
    const [alice, bob] = await Promise.all([startNode({ chainPort: chain.port }), startNode({ chainPort: chain.port })])
    expect(alice.ready).toEqual({
      event: 'ready',
      nodeId: expect.stringMatching(/^0[23][0-9a-f]{64}$/),
      network: 'regtest',
      listen: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      api: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      dataDir: alice.dataDir,
      pid: alice.child.pid,
    })
    const { address } = await alice.json('address')
    await chain.rpc.call('bookend_fund', address, 1)
    await expect.poll(async () => (await alice.client.balance()).onchainConfirmedSat, PATIENCE).toBe('100000000')
    expect(await alice.json('info')).toMatchObject({ nodeId: alice.ready.nodeId, network: 'regtest', synced: true })

    expect(await alice.json('connect', bob.uri)).toEqual({ nodeId: bob.ready.nodeId })
    const { channelId, fundingTxid } = await alice.json('open', bob.uri, '1000000')
    await mine(chain, 3)
    const isUsable = async ({ client }: typeof alice) => (await client.channels())[0]?.usable
    await expect.poll(() => isUsable(alice), PATIENCE).toBe(true)
    await expect.poll(() => isUsable(bob), PATIENCE).toBe(true)
    expect(await alice.json('channels')).toEqual([
      expect.objectContaining({
        channelId,
        peer: bob.ready.nodeId,
        state: 'normal',
        capacitySat: '1000000',
        localMsat: '1000000000',
        remoteMsat: '0',
      }),
    ])

    const { invoice } = await bob.json('invoice', '--amount-msat', '300000000', '--description', 'tea')
    const paid = await alice.json('pay', invoice, '--idempotency-key', 'once')
    expect(paid).toMatchObject({ status: 'succeeded', amountMsat: '300000000', idempotencyKey: 'once' })
    // The same key again is the same payment.
    expect(await alice.json('pay', invoice, '--idempotency-key', 'once')).toEqual(paid)
    const back = await bob.json('keysend', alice.ready.nodeId, '5000')
    expect(back.status).toBe('succeeded')
    expect(await alice.json('payments')).toMatchObject([
      { direction: 'received', amountMsat: '5000' },
      { direction: 'sent', paymentHash: paid.paymentHash },
    ])
    expect(await alice.json('balance')).toMatchObject({ channelLocalMsat: '700005000' })
    expect(await bob.json('balance')).toMatchObject({ channelLocalMsat: '299995000', onchainConfirmedSat: '0' })
    const explained = await alice.run('channel', channelId.slice(0, 8), '--explain')
    expect(explained.out).toMatch(/^The channel is open\..*\n\nWhat we could do on chain\n {2}/)

    const poor = await alice.run('keysend', bob.ready.nodeId, '900000000', '--json')
    expect(failureOf(poor)).toMatchObject({ exitCode: 6, code: 'insufficient_funds' })

    const closing = await alice.json('close', channelId)
    expect(closing).toMatchObject({ channelId, closingTxid: expect.stringMatching(/^[0-9a-f]{64}$/) })
    // Confirmed, then deep enough to be forgotten.
    await mine(chain, 1)
    await expect
      .poll(async () => BigInt((await bob.client.balance()).onchainConfirmedSat) > 299_000n, PATIENCE)
      .toBe(true)
    const aliceHas = BigInt((await alice.json('balance')).onchainConfirmedSat)
    expect(aliceHas > 99_690_000n && aliceHas <= 99_700_005n).toBe(true)
    const events = (await alice.run('events', '--json')).out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1))
    expect(events.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['coin_received', 'peer_connected', 'channel_state', 'payment_sent', 'payment_received']),
    )
    expect(events).toContainEqual(expect.objectContaining({ type: 'transaction_confirmed', txid: fundingTxid }))

    // Ends of both kinds leave the directory free, and say nothing on the standard error.
    expect(await alice.json('stop')).toEqual({ stopped: true })
    expect(await alice.ended).toMatchObject({ code: 0, errors: '' })
    expect(await bob.end('SIGTERM')).toMatchObject({ code: 0, errors: '' })
    expect(readdirSync(bob.dataDir).sort()).toEqual(['api-token', 'lock', 'node.sqlite', 'seed'])
    await chain.end('SIGTERM')
  })
})

describe('bookend start', () => {
  it('is the same node after a stop, after Ctrl-C and after a kill', async () => {
    const chain = await serve()
    const first = await startNode({ chainPort: chain.port })
    const { dataDir } = first
    const token = readFileSync(join(dataDir, 'api-token'), 'utf8')
    await first.json('stop')
    const second = await startNode({ chainPort: chain.port, dataDir })
    expect(second.ready.nodeId).toBe(first.ready.nodeId)
    expect(readFileSync(join(dataDir, 'api-token'), 'utf8')).toBe(token)
    await second.end('SIGKILL')
    // What it left behind names an API that is gone.
    expect(failureOf(await second.run('info', '--json'))).toMatchObject({ exitCode: 3, code: 'stopped' })
    const third = await startNode({ chainPort: chain.port, dataDir })
    expect((await third.json('info')).nodeId).toBe(first.ready.nodeId)
    expect(await third.end('SIGINT')).toMatchObject({ code: 0, errors: '' })
    expect(failureOf(await third.run('stop', '--json'))).toMatchObject({ exitCode: 3 })
    await chain.end('SIGTERM')
  })

  it('refuses a directory that another process has, and one that others can read', async () => {
    const chain = await serve()
    const node = await startNode({ chainPort: chain.port })
    const again = await run(...startWords({ chainPort: chain.port, dataDir: node.dataDir }))
    expect(failureOf(again)).toMatchObject({
      exitCode: 9,
      code: 'data_directory',
      message: expect.stringContaining(`in use by process ${node.child.pid}`),
    })
    expect((await node.json('info')).nodeId).toBe(node.ready.nodeId)
    const dataDir = openDataDir()
    expect(failureOf(await run(...startWords({ chainPort: chain.port, dataDir })))).toMatchObject({
      exitCode: 9,
      advice: `Run: chmod 700 ${dataDir}`,
    })
    expect(readdirSync(dataDir)).toEqual([])
    const file = join(newFolder(), 'file')
    writeFileSync(file, '')
    expect(failureOf(await run(...startWords({ chainPort: chain.port, dataDir: file })))).toMatchObject({ exitCode: 9 })
    await node.end('SIGTERM')
    await chain.end('SIGTERM')
  })

  it('refuses a wrong passphrase, and loses nothing by it', async () => {
    const chain = await serve()
    const folder = newFolder()
    const passphrase = (name: string): readonly string[] => {
      writeFileSync(join(folder, name), `${name}\n`)
      return ['--passphrase-file', join(folder, name)]
    }
    const first = await startNode({ chainPort: chain.port, seed: passphrase('right') })
    const { dataDir } = first
    await first.end('SIGTERM')
    const begin = (seed: readonly string[]) => run(...startWords({ chainPort: chain.port, dataDir, seed }))
    expect(failureOf(await begin(passphrase('wrong')))).toMatchObject({ exitCode: 10, code: 'wrong_passphrase' })
    expect(failureOf(await begin([]))).toMatchObject({ exitCode: 2, message: expect.stringContaining('nobody to ask') })
    expect(failureOf(await begin(['--unencrypted-seed']))).toMatchObject({ exitCode: 2 })
    const second = await startNode({ chainPort: chain.port, dataDir, seed: passphrase('right') })
    expect(second.ready.nodeId).toBe(first.ready.nodeId)
    await second.end('SIGTERM')
    await chain.end('SIGTERM')
  })

  it('says which port is taken', async () => {
    const chain = await serve()
    const node = await startNode({ chainPort: chain.port })
    const dataDir = newDataDir()
    const words = startWords({ chainPort: chain.port, dataDir, listen: node.ready.listen })
    expect(failureOf(await run(...words))).toMatchObject({
      exitCode: 12,
      code: 'address_in_use',
      advice: expect.stringContaining('--listen HOST:PORT'),
    })
    const api = [...startWords({ chainPort: chain.port, dataDir }), '--api', new URL(node.ready.api).host]
    expect(failureOf(await run(...api))).toMatchObject({
      exitCode: 12,
      advice: expect.stringContaining('--api HOST:PORT'),
    })
    // Neither kept the directory, nor the seed from the next start.
    await (await startNode({ chainPort: chain.port, dataDir })).end('SIGTERM')
    await node.end('SIGTERM')
    await chain.end('SIGTERM')
  })

  it('says what is wrong with the chain before it makes a seed', async () => {
    const chain = await serve()
    const dataDir = newDataDir()
    const words = startWords({ chainPort: chain.port, dataDir })
    expect(failureOf(await run(...words, '--network', 'signet'))).toMatchObject({
      exitCode: 11,
      code: 'wrong_network',
      message: expect.stringMatching(/is on regtest, and this node is on signet\.$/),
    })
    const stranger = [...words, '--chain', `http://a:b@127.0.0.1:${chain.port}`]
    expect(failureOf(await run(...stranger))).toMatchObject({
      exitCode: 8,
      message: expect.stringContaining('does not accept'),
    })
    await chain.end('SIGTERM')
    expect(failureOf(await run(...words))).toMatchObject({ exitCode: 8, code: 'chain_unavailable' })
    expect(existsSync(join(dataDir, 'seed'))).toBe(false)
  })

  it('outlives its chain, and goes on when it is back', async () => {
    const folder = newFolder()
    const chain = await serve('--data-dir', folder)
    const node = await startNode({ chainPort: chain.port })
    await mine(chain, 2)
    await expect.poll(async () => (await node.client.info()).blockHeight, PATIENCE).toBe(2)
    await chain.end('SIGTERM')
    expect(await node.json('info')).toMatchObject({ blockHeight: 2 })
    const back = await serve('--data-dir', folder, '--rpc-port', chain.port)
    await mine(back, 1)
    await expect.poll(async () => (await node.client.info()).blockHeight, PATIENCE).toBe(3)
    await expect.poll(async () => (await node.client.info()).synced, PATIENCE).toBe(true)
    const ended = await node.end('SIGTERM')
    expect(ended).toMatchObject({ code: 0, errors: '' })
    for (const line of ended.out.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('event')
    expect(ended.out).not.toContain('bookend:bookend')
    await back.end('SIGTERM')
  })

  it('leaves records of a later version alone', async () => {
    const chain = await serve()
    const node = await startNode({ chainPort: chain.port })
    await node.end('SIGTERM')
    const { dataDir } = node
    const db = new DatabaseSync(join(dataDir, 'node.sqlite'))
    db.exec("INSERT INTO migration (number, name, checksum) VALUES (999, 'later', 'x')")
    db.close()
    expect(failureOf(await run(...startWords({ chainPort: chain.port, dataDir })))).toMatchObject({
      exitCode: 9,
      message: expect.stringContaining('has schema 999'),
    })
    await chain.end('SIGTERM')
  })
})
