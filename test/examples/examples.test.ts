import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openChannelBetween, startChain, startDaemon } from '../../examples/support/processes.ts'

// Each example as a reader runs it: it ends by itself, without a word of complaint, and what it prints is so.

const FOLDER = fileURLToPath(new URL('../../examples/', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly lines: readonly string[]
  readonly errors: string
}

/** `onLine` is told of each line while the example runs. */
function run(
  name: string,
  { env = {}, onLine }: { readonly env?: Record<string, string>; readonly onLine?: (line: string) => void } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [`${FOLDER}${name}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  const lines: string[] = []
  let [rest, errors] = ['', '']
  child.stdout.on('data', bytes => {
    const parts = `${rest}${bytes}`.split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) {
      lines.push(line)
      onLine?.(line)
    }
  })
  child.stderr.on('data', bytes => {
    errors += String(bytes)
  })
  return new Promise(done => child.once('close', code => done({ code, lines, errors })))
}

async function runWell(name: string): Promise<readonly string[]> {
  const { code, lines, errors } = await run(name)
  expect({ code, errors }, lines.join('\n')).toEqual({ code: 0, errors: '' })
  return lines
}

/** The number in the line that has these words around it. */
function numberIn(lines: readonly string[], pattern: RegExp): number {
  const found = lines.map(line => pattern.exec(line)?.[1]).find(part => part !== undefined)
  expect(found, `${pattern} in\n${lines.join('\n')}`).toBeDefined()
  return Number(found)
}

test('no example is left out', () => {
  const known = [
    'daemons',
    'events',
    'hold-invoice',
    'http-client',
    'metered-api',
    'streaming',
    'test-a-shop',
    'test-your-app',
    'two-nodes',
  ]
  expect(readdirSync(FOLDER).filter(name => name.endsWith('.ts'))).toEqual(known.map(name => `${name}.ts`))
})

test('two-nodes.ts opens a channel, pays both ways, and closes it', async () => {
  const lines = await runWell('two-nodes.ts')
  expect(lines.join('\n')).toMatch(/Bob paid 5000 sat back, with the proof [0-9a-f]{64}\./)
  expect(lines.join('\n')).toContain('Bob cannot pay what he does not have: insufficient_funds.')
  // What is missing are the fees of two transactions; one of both sides pays that of the second.
  const [hers, his] = [numberIn(lines, /Alice has (\d+) sat, and Bob/), numberIn(lines, /and Bob (\d+) sat\.$/)]
  expect(hers).toBeLessThanOrEqual(1_805_000)
  expect(his).toBeLessThanOrEqual(195_000)
  expect(hers + his).toBeGreaterThan(1_995_000)
})

test('metered-api.ts asks for a payment for each call, and takes no invented proof', async () => {
  const lines = await runWell('metered-api.ts')
  expect(lines[0]).toBe('Without a payment the API answers 402.')
  expect(lines.filter(line => /^Call [123] was paid, and answered: \d+$/.test(line))).toHaveLength(3)
  expect(lines).toContain('A proof that was used already: 402. An invented one: 402. One of a smaller payment: 402.')
  expect(lines.at(-1)).toBe('The server was paid 3 times for 3 answers.')
})

test('hold-invoice.ts takes the money for what there is, and gives the rest back', async () => {
  const lines = await runWell('hold-invoice.ts')
  expect(lines).toEqual([
    'The customer has paid for the tea.',
    'The customer has the money for the unicorn back.',
    'The shop has 25000000 msat, which is the price of one order.',
  ])
})

test('streaming.ts pays for each tick', async () => {
  const lines = await runWell('streaming.ts')
  expect(lines[0]?.match(/♪/g)).toHaveLength(20)
  expect(lines[1]).toBe('20 ticks were played. The listener spent 30000 msat, and the radio earned 30000 msat.')
})

test('test-your-app.ts runs tests of an application', async () => {
  const lines = (await runWell('test-your-app.ts')).join('\n')
  expect(lines).toMatch(/pass 2\n/)
  expect(lines).toMatch(/fail 0\n/)
})

test('test-a-shop.ts finds no order unpaid and none paid twice, whatever goes wrong', async () => {
  const lines = await runWell('test-a-shop.ts')
  expect(lines[0]).toBe('20 worlds, 100 orders: each was shipped or given back, and paid once.')
  expect(numberIn(lines, /^(\d+) times something had gone wrong\.$/)).toBeGreaterThan(20)
})

test('events.ts books each payment once, over a restart of the shop', async () => {
  const lines = await runWell('events.ts')
  const incomes = lines.flatMap(line => /the income so far is (\d+) msat/.exec(line)?.[1] ?? [])
  expect(incomes).toEqual(['1000000', '3000000', '4000000', '4000000'])
})

test('daemons.ts drives two daemons: a budget holds, a repeated payment is made once', async () => {
  const lines = await runWell('daemons.ts')
  expect(lines).toContain('Asked twice, paid once: true.')
  expect(lines.join('\n')).toContain('Beyond the budget: budget_exceeded.')
  // 2,000,000 less 6 for the stamps and the fees of two transactions at most.
  const back = numberIn(lines, /^Alice has (\d+) sat on chain again\.$/)
  expect(back).toBeGreaterThan(1_995_000)
  expect(back).toBeLessThan(2_000_000 - 6)
})

test('http-client.ts asks a running node for a payment and sees it come', async () => {
  await using chain = await startChain()
  await using alice = await startDaemon(chain)
  await using bob = await startDaemon(chain)
  await openChannelBetween(chain, alice, bob)
  let paying: Promise<unknown> = Promise.reject(new Error('it asked for no payment'))
  paying.catch(() => undefined)
  const { code, lines, errors } = await run('http-client.ts', {
    env: { BOOKEND_API: bob.api, BOOKEND_TOKEN: bob.token },
    onLine: line => {
      const invoice = /^Please pay: (lnbcrt\w+)$/.exec(line)?.[1]
      if (invoice !== undefined) paying = alice.client.pay({ invoice })
    },
  })
  await expect(paying).resolves.toMatchObject({ status: 'succeeded' })
  expect({ code, errors }, lines.join('\n')).toEqual({ code: 0, errors: '' })
  expect(lines).toContain('This till cannot spend: forbidden.')
  expect(lines.at(-1)).toBe('Paid: 2100000 msat for A bagel.')
  // Its token went with it.
  expect(await bob.client.tokens()).toEqual([])
})

test('http-client.ts says what it needs where nobody tells it which node', async () => {
  const { code, errors } = await run('http-client.ts', { env: { BOOKEND_API: '', BOOKEND_TOKEN: '' } })
  expect(code).toBe(1)
  expect(errors).toContain('Set BOOKEND_API and BOOKEND_TOKEN')
})
