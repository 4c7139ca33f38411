import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { cleanUp, newFolder, run } from '../cli/regtestProcess.ts'
import { killAllDaemons } from './daemon.ts'
import { randomFrom } from './random.ts'
import { buildTown, channelOf, fund, introduce, isUsable, openChannel, until } from './town.ts'
import { spenderOf } from './verdict.ts'

// Three processes: Alice, who is killed; Bob, who goes back to an old copy of his directory and closes with it; and a tower, which was killed
// and started again in between, and takes what Bob thought was his.

const LAUNCHER = fileURLToPath(new URL('../../bin/bookend.js', import.meta.url))
const CAPACITY_SAT = 10_000_000n
const PUSH_MSAT = 6_000_000_000n

const towers = new Set<ChildProcess>()
afterAll(async () => {
  for (const tower of towers) tower.kill('SIGKILL')
  await killAllDaemons()
  cleanUp()
})

/** As a person starts it. Resolves with the address for `--watchtower`. */
function watch(chain: string, dataDir: string, listen = '127.0.0.1:0') {
  const lines: string[] = []
  const args = ['watch', '--network', 'regtest', '--chain', chain, '--data-dir', dataDir, '--listen', listen, '--json']
  const child = spawn(process.execPath, [LAUNCHER, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  towers.add(child)
  const ready = new Promise<{ readonly nodeId: string; readonly listen: string }>((resolve, reject) => {
    child.stdout.on('data', bytes => {
      lines.push(...String(bytes).split('\n').filter(Boolean))
      const line = lines.find(each => each.startsWith('{"event":"ready"'))
      if (line !== undefined) resolve(JSON.parse(line))
    })
    child.stderr.on('data', bytes => lines.push(String(bytes)))
    child.once('close', () => reject(new Error(lines.join('\n'))))
  })
  return { child, ready, lines }
}

test('a tower takes the money of a cheat whose victim was killed', async () => {
  const random = randomFrom(3)
  const folder = newFolder()
  let uri = { nodeId: '', listen: '' }
  let first: ReturnType<typeof watch> | undefined
  const town = await buildTown(random, async chain => {
    first = watch(chain, folder)
    uri = await first.ready
    return ['--watchtower', `${uri.nodeId}@${uri.listen}`]
  })
  const { alice, bob, mine, chain } = town
  const url = `http://bookend:bookend@127.0.0.1:${chain.port}`
  await fund(town, alice, 1)
  await introduce(town)
  const { channelId, fundingTxid } = await openChannel(town, { capacitySat: CAPACITY_SAT, pushMsat: PUSH_MSAT })
  const waiting = async () => (await alice.client.info()).watchtowers.map(tower => tower.waiting)
  let paid = 0
  const pay = async () => {
    for (let i = 0; i < 6; i++) {
      const [from, to] = i % 2 === 0 ? [alice, bob] : [bob, alice]
      await from.client.pay({ nodeId: to.nodeId, amountMsat: '20000000', idempotencyKey: `payment-${paid++}` })
    }
  }

  await pay()
  // He keeps a copy of when he was rich.
  expect(await bob.stop()).toBe(0)
  const old = newFolder()
  cpSync(bob.dataDir, old, { recursive: true })
  await bob.start()
  for (const daemon of [alice, bob]) await until('the channel is usable again', () => isUsable(daemon, channelId))
  await until('the tower has all', async () => (await waiting()).every(count => count === 0))
  // The tower dies, and the payments go on without it.
  first?.child.kill('SIGKILL')
  await pay()
  expect((await waiting())[0]).toBeGreaterThan(0)
  const again = watch(url, folder, uri.listen)
  expect((await again.ready).nodeId).toBe(uri.nodeId)
  await until('the tower has all', async () => (await waiting()).every(count => count === 0))
  expect((await run('info', '--data-dir', alice.dataDir)).out).toContain('has all')

  const isWaiting = async () => {
    const waits: unknown = await chain.rpc.call('getrawmempool')
    return Array.isArray(waits) && waits.length > 0
  }
  await alice.kill()
  await bob.kill()
  // All of it: what the last process has left in the log of its store would be read on top.
  rmSync(bob.dataDir, { recursive: true, force: true })
  cpSync(old, bob.dataDir, { recursive: true })
  chmodSync(bob.dataDir, 0o700)
  await bob.start()
  await bob.client.closeChannel({ channelId, force: true })
  await until('the commitment waits', isWaiting)
  await bob.kill()
  await mine(1)
  const commitment = await spenderOf(town, fundingTxid)
  expect(commitment.txid).toMatch(/^[0-9a-f]{64}$/)
  await until('the tower has answered', isWaiting)
  await mine(1)
  await until('it says so', async () => again.lines.some(line => line.includes('sat are taken for')))
  expect(again.lines.join('\n')).toContain(
    `holds the revoked commitment ${commitment.txid} of a channel of ${alice.nodeId}`,
  )

  // And she finds it when she is back.
  await alice.start()
  await until('the channel is over', async () => {
    await mine(1)
    return (await channelOf(alice, channelId))?.state === 'closed'
  })
  const { onchainConfirmedSat } = await alice.client.balance()
  // All that is in the channel, beside her coins, but for fees.
  expect(BigInt(onchainConfirmedSat)).toBeGreaterThan(5_000_000_000n - 40_000n)
  again.child.kill('SIGTERM')
  await new Promise(ended => again.child.once('close', ended))
  expect(again.child.exitCode).toBe(0)
}, 600_000)
