import { readFileSync } from 'node:fs'
import type { InfoJson } from '../../api/index.ts'
import { type BitcoindOptions, type ChainNetwork, NETWORKS } from '../../chain/index.ts'
import type { ChainNamed } from '../chain/named.ts'
import { openChain } from '../chain/open.ts'
import { problemOf } from '../problems.ts'
import { type Check, fail, good, warn } from './check.ts'

const NAME = 'chain'
const CLOCK = 'clock'

export interface ChainOf {
  /** Absent where nobody has said which. */
  readonly chain: ChainNamed | undefined
  readonly network: ChainNetwork
  /** Seconds since 1970. */
  readonly now: number
}

/** Whether the chain answers, is the right one and is up to date; and by its blocks, whether our clock is right. */
export async function checkChain({ chain, network, now }: ChainOf): Promise<readonly Check[]> {
  if (chain === undefined)
    return [
      warn(
        NAME,
        'not looked at',
        'Name it with --chain http://user:password@host:port, or with --esplora or --electrum.',
      ),
    ]
  const troubles: string[] = []
  try {
    const port = await openChain(chain, network, ({ message }) => troubles.push(message))
    try {
      const { height } = await port.tip()
      if (!('url' in chain)) return [standing(network, height), ...aboutServers(chain, troubles)]
      const progress = await progressOf(chain, network)
      return [standing(network, height, progress), clock({ network, now, tipTime: progress.time })]
    } finally {
      await port.close()
    }
  } catch (error) {
    const { message, advice } = problemOf(error)
    return [fail(NAME, message, advice)]
  }
}

/** What they answer is proven. What is wrong with one of them is told beside it, and that one alone is checked against nobody. */
function aboutServers(chain: Exclude<ChainNamed, { readonly url: string }>, troubles: readonly string[]): Check[] {
  const [kind, { length }] = 'esplora' in chain ? ['Esplora', chain.esplora] : ['Electrum', chain.electrum]
  return [
    ...troubles.map(message => warn(NAME, message, 'Name another server in its place.')),
    ...(length > 1
      ? []
      : [warn(NAME, `one ${kind} server alone`, 'Name a second one: each is checked against the others.')]),
  ]
}

/** A node that runs knows its chain, whose address nobody has to name again. */
export function checkChainOfNode({ network, blockHeight, synced }: InfoJson): Check {
  const said = `${network} at block ${blockHeight}, as the node that runs sees it`
  if (synced) return good(NAME, said)
  return fail(
    NAME,
    `${said}: it is behind, or its chain does not answer`,
    'See what the node prints, and whether its bitcoind runs.',
  )
}

interface Progress {
  /** Of the last block, in seconds since 1970. */
  readonly time: number | undefined
  /** Block headers that are known: more than blocks while it catches up. */
  readonly headers: number | undefined
}

function standing(network: ChainNetwork, height: number, { headers = height }: Partial<Progress> = {}): Check {
  const said = `${network} at block ${height}`
  if (headers <= height) return good(NAME, said)
  return warn(NAME, `${said} of ${headers}: it is catching up`, 'Wait until it is up to date before you open channels.')
}

const HOUR = 3600
/** A block may be that far ahead of the clocks of others (Bitcoin Core, MAX_FUTURE_BLOCK_TIME). */
const MOST_AHEAD = 2 * HOUR
const LONG_WITHOUT_BLOCK = 24 * HOUR

interface ClockOf {
  readonly network: ChainNetwork
  readonly now: number
  readonly tipTime: number | undefined
}

/** On regtest blocks come when someone asks for them, so that an old one says nothing. */
export function clock({ network, now, tipTime }: ClockOf): Check {
  if (tipTime === undefined) return warn(CLOCK, 'not looked at: the chain does not tell the time of its last block', '')
  const ahead = tipTime - now
  if (ahead > MOST_AHEAD)
    return fail(
      CLOCK,
      `${hours(ahead)} behind the last block`,
      'Set the clock of this computer: invoices expire by it.',
    )
  if (network !== 'regtest' && -ahead > LONG_WITHOUT_BLOCK)
    return warn(
      CLOCK,
      `${hours(-ahead)} after the last block`,
      'See whether the chain stands still, or the clock is wrong.',
    )
  return good(CLOCK, 'agrees with the last block')
}

const hours = (seconds: number): string => `${Math.round(seconds / HOUR)} hours`

/** The `Chain` port has no times: this asks for them beside it. What is not told is absent. */
async function progressOf(
  { url, cookieFile }: Pick<BitcoindOptions, 'url' | 'cookieFile'>,
  network: ChainNetwork,
): Promise<Progress> {
  const { protocol, hostname, port, username, password } = new URL(url)
  const login =
    cookieFile === undefined
      ? `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
      : readFileSync(cookieFile, 'utf8').trim()
  const answer = await fetch(`${protocol}//${hostname}:${port === '' ? NETWORKS[network].rpcPort : port}/`, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(login).toString('base64')}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '1.0', id: 'doctor', method: 'getblockchaininfo', params: [] }),
  })
  const parsed: unknown = await answer.json()
  const { result } = Object(parsed) as { readonly result?: unknown }
  // Whatever came, its fields are looked at one by one.
  const { time, headers } = Object(result) as { readonly time?: unknown; readonly headers?: unknown }
  return { time: numberOr(time), headers: numberOr(headers) }
}

const numberOr = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
