import { expect, test } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { channelIdOf } from '../../src/channel/index.ts'
import { type LinkEffect, type LinkInput, linkMachine, loadLink, NEW_LINK } from '../../src/link/index.ts'
import { Driver } from '../../src/node/index.ts'
import type { StoreWrite } from '../../src/ports/index.ts'
import { memoryStore } from '../../src/storage/index.ts'
import { encodeMessage } from '../../src/wire/index.ts'
import { told } from '../link/told.ts'
import { addCommand, contextOf, type LinkDriver, openRequest, Pair } from './pair.ts'

// Durable before visible: what a turn does to the world, and what it says of its inputs, waits for its commit.

/** The records of an open channel, as Alice's store holds them. */
async function openChannelRecords(): Promise<ReadonlyMap<string, Uint8Array>> {
  const pair = new Pair()
  await pair.connect()
  pair.alice.tell({ type: 'open', request: openRequest() })
  await pair.settle()
  await pair.mine()
  expect(pair.alice.channel?.state).toBe('normal')
  return pair.alice.store.snapshot()
}

const opened = openChannelRecords()

/** A driver of an open channel whose commits and effects wait until they are let go, and all that happens, in order. */
async function gated() {
  const records = await opened
  const log: string[] = []
  const commits: { readonly writes: readonly StoreWrite[]; resolve(): void; reject(reason?: unknown): void }[] = []
  const state = loadLink(records)
  if (!state.ok) throw new Error(state.error.message)
  const options = {
    state: state.value,
    contexts: 0,
    perform: (effect: LinkEffect): Promise<void> | void => {
      log.push(effect.type === 'event' ? effect.event.type : effect.type)
    },
  }
  const driver = new Driver({
    machine: linkMachine,
    state: state.value,
    store: {
      ...memoryStore(records),
      commit: writes => {
        log.push('commit')
        return new Promise((resolve, reject) => commits.push({ writes, resolve, reject }))
      },
    },
    context: () => {
      options.contexts += 1
      return contextOf('alice', 101)
    },
    perform: effect => options.perform(effect),
  })
  const submit = (input: LinkInput, name: string) =>
    driver.submit(input).then(
      result => log.push(`${name}: ${result.failure?.code ?? 'ok'}`),
      reason => log.push(`${name} rejects: ${reason instanceof Error ? reason.message : reason}`),
    )
  return { driver, log, commits, options, submit }
}

/** Long enough for everything that does not wait for the test. */
const quiet = () => new Promise<void>(resolve => setImmediate(resolve))

const forceClose = { type: 'command', command: { type: 'force_close', reason: 'test' } } as const
const CLOSING = [
  'publish',
  'state_changed',
  'publish', // the enforcement does what the channel did: it will do it in each block
]

test('nothing is performed, told or shown before the commit resolves', async () => {
  const { driver, log, commits, submit } = await gated()
  const before = driver.state
  void submit(forceClose, 'close')
  await quiet()
  expect(log).toEqual(['commit'])
  expect(driver.state).toBe(before)
  commits[0]?.resolve()
  await driver.idle()
  expect(log.filter(entry => entry !== 'close: ok')).toEqual(['commit', ...CLOSING])
  expect(driver.state.channel?.state).toBe('closing')
})

test('a result is told as soon as it is durable, whatever the effects take', async () => {
  const { log, commits, options, submit, driver } = await gated()
  let release = () => {}
  options.perform = () => new Promise<void>(resolve => (release = resolve))
  void submit(forceClose, 'close')
  await quiet()
  commits[0]?.resolve()
  await quiet()
  expect(log).toEqual(['commit', 'close: ok'])
  options.perform = () => {}
  release()
  await driver.idle()
})

test('a commit that rejects stops everything: no effect, no result, no later turn', async () => {
  const { driver, log, commits, options, submit } = await gated()
  void submit(forceClose, 'close')
  await quiet()
  void submit({ type: 'disconnected' }, 'queued meanwhile')
  commits[0]?.reject(new Error('disk full'))
  await quiet()
  void submit({ type: 'disconnected' }, 'later')
  await quiet()
  expect(log).toEqual([
    'commit',
    'close rejects: disk full',
    'queued meanwhile rejects: disk full',
    'later rejects: disk full',
  ])
  expect(options.contexts).toBe(1)
  await expect(driver.idle()).rejects.toThrow('disk full')
})

test('a commit that rejects without a reason stops everything too', async () => {
  const { log, commits, submit } = await gated()
  void submit(forceClose, 'close')
  await quiet()
  commits[0]?.reject()
  await quiet()
  void submit({ type: 'disconnected' }, 'later')
  await quiet()
  expect(log).toHaveLength(3)
  expect(log[0]).toBe('commit')
  expect(log[1]).toMatch(/^close rejects/)
  expect(log[2]).toMatch(/^later rejects/)
})

test('what was to be stored and is not known to be is never shown', async () => {
  const { driver, commits, submit } = await gated()
  const before = driver.state
  void submit(forceClose, 'close')
  await quiet()
  commits[0]?.reject(new Error('disk full'))
  await quiet()
  expect(driver.state).toBe(before)
})

test('inputs of the same instant share a turn and a commit; those that come during it share the next', async () => {
  const { driver, log, commits, options, submit } = await gated()
  const commands = [0, 1, 2].map(index => ({ type: 'resolve_htlc', id: index }) as const)
  const resolution = { type: 'fail', reason: new Uint8Array(0) } as const
  for (const { id } of commands)
    void submit({ type: 'command', command: { type: 'resolve_htlc', id, resolution } }, `${id}`)
  void submit(forceClose, 'close')
  await quiet()
  expect(options.contexts).toBe(1)
  void submit(forceClose, 'again')
  void submit({ type: 'command', command: { type: 'shutdown' } }, 'shutdown')
  await quiet()
  // One commit is on its way, and nobody knows yet what became of anything.
  expect(log).toEqual(['commit'])
  commits[0]?.resolve()
  await driver.idle()
  expect(options.contexts).toBe(2)
  expect(commits).toHaveLength(1)
  const told = log.filter(entry => entry.includes(': '))
  expect(told).toEqual([
    '0: unknown_htlc',
    '1: unknown_htlc',
    '2: unknown_htlc',
    'close: ok',
    'again: ok',
    'shutdown: channel_is_closing',
  ])
})

test('an effect that cannot be carried out stops the driver like a crash; what was durable was told', async () => {
  const { driver, log, commits, options, submit } = await gated()
  options.perform = effect => {
    log.push(effect.type)
    throw new Error('handler is broken')
  }
  void submit(forceClose, 'close')
  await quiet()
  commits[0]?.resolve()
  await quiet()
  void submit({ type: 'disconnected' }, 'later')
  await quiet()
  expect(log.filter(entry => entry === 'publish')).toHaveLength(1)
  expect(log).toContain('close: ok')
  expect(log).toContain('later rejects: handler is broken')
  await expect(driver.idle()).rejects.toThrow('handler is broken')
})

test('a context that cannot be had, or a step that is wrong, stops the driver before anything is stored', async () => {
  const { driver, log, commits } = await gated()
  const broken = new Driver({
    machine: linkMachine,
    state: driver.state,
    store: { ...memoryStore(), commit: async () => void log.push('commit') },
    context: () => {
      throw new Error('no chain')
    },
    perform: () => void log.push('effect'),
  })
  await expect(broken.submit({ type: 'disconnected' })).rejects.toThrow('no chain')
  await expect(broken.submit({ type: 'disconnected' })).rejects.toThrow('no chain')
  expect(log).toEqual([])
  expect(commits).toEqual([])
})

test('what an effect handler submits is taken by the next turn', async () => {
  const turns: number[] = []
  let turn = 0
  const driver: LinkDriver = new Driver({
    machine: linkMachine,
    state: { ...NEW_LINK, connection: 'connected' },
    store: memoryStore(),
    context: () => {
      turn += 1
      return contextOf('alice', 101)
    },
    perform: effect => {
      turns.push(turn)
      if (effect.type === 'send' && turn === 1) {
        const cancel = { type: 'command', command: { type: 'cancel_open', reason: 'changed my mind' } } as const
        void driver.submit(cancel)
        void driver.submit({ type: 'disconnected' })
      }
    },
  })
  await driver.submit({ type: 'open', request: openRequest() })
  await driver.idle()
  expect(turn).toBe(2)
  // open_channel; then error and state_changed.
  expect(turns).toEqual([1, 2, 2])
  expect(driver.state.channel?.state).toBe('aborted')
})

test('a turn without writes asks the store for nothing', async () => {
  const { driver, log, commits } = await gated()
  await driver.submit({ type: 'disconnected' })
  expect(log).toEqual([])
  expect(commits).toHaveLength(0)
})

test('effects of one turn go in the order of its inputs, and each is finished before the next begins', async () => {
  const { driver, commits, options, log } = await gated()
  let running = 0
  options.perform = async effect => {
    running += 1
    expect(running).toBe(1)
    await quiet()
    log.push(effect.type === 'event' ? effect.event.type : effect.type)
    running -= 1
  }
  const warning = (text: string) =>
    encodeMessage({
      type: 'warning',
      // The state of the driver is that of an open channel.
      channelId: channelIdOf(driver.state.channel as NonNullable<typeof driver.state.channel>),
      data: new TextEncoder().encode(text),
    })
  const results = [
    driver.submit({ type: 'connected' }),
    driver.submit(told(warning('one'))),
    driver.submit(addCommand({ payer: 'alice', amountMsat: msat(10_000_000n), index: 0 }, 101)),
    driver.submit(told(warning('two'))),
    driver.submit(forceClose),
  ]
  await quiet()
  commits[0]?.resolve()
  const failures = (await Promise.all(results)).map(({ failure }) => failure?.code)
  expect(failures).toEqual([undefined, undefined, 'not_possible_now', undefined, undefined])
  await driver.idle()
  expect(log).toEqual(['commit', 'send', 'peer_said', 'peer_said', 'send', ...CLOSING])
})
