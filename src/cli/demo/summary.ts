import type { Sat } from '../../base/index.ts'
import type { DemoReport, LeftOutput, OnchainTransaction, Scenario } from './report.ts'
import { type Account, accountOf } from './sums.ts'
import { grouped, groupedMsat, type Paint, painter, sized, wrapped } from './text.ts'

// A run of the demo on one screen: what happened, what reached the chain, where the money is, what it saved.

/** What a screen holds; the prompt after it takes the line that is missing. */
export const MAX_LINES = 44
export const MAX_COLUMNS = 100
const MIN_COLUMNS = 60

export interface Page {
  /** Columns of the terminal. The page takes at most MAX_COLUMNS of them. */
  readonly columns: number
  readonly color: boolean
}

/** The summary, without a line break at its end. */
export function summaryOf(report: DemoReport, { columns, color }: Page): string {
  const width = Math.min(Math.max(columns, MIN_COLUMNS), MAX_COLUMNS)
  const sheet: Sheet = { report, account: accountOf(report), width, paint: painter(color) }
  const pages = ROOMS.map(room => page(sheet, room))
  return (pages.find(lines => lines.length <= MAX_LINES) ?? pages.at(-1) ?? []).join('\n')
}

interface Sheet {
  readonly report: DemoReport
  readonly account: Account
  readonly width: number
  readonly paint: Paint
}

/** How many lines the parts may take: a long run is told more briefly, so that it still fits a screen. */
interface Room {
  readonly story: number
  readonly transactions: number
  readonly left: number
  /** For each sentence. */
  readonly lines: number
}

const ROOMS: readonly Room[] = [
  { story: 24, transactions: 12, left: 4, lines: 2 },
  { story: 12, transactions: 12, left: 4, lines: 2 },
  { story: 8, transactions: 12, left: 4, lines: 2 },
  { story: 8, transactions: 12, left: 3, lines: 1 },
  { story: 6, transactions: 9, left: 2, lines: 1 },
  { story: 4, transactions: 8, left: 1, lines: 1 },
]

function page(sheet: Sheet, room: Room): readonly string[] {
  return [
    ...title(sheet),
    ...story(sheet, room),
    ...transactions(sheet, room),
    ...money(sheet, room),
    ...payments(sheet),
    ...verdict(sheet),
  ]
}

const TITLES: Readonly<Record<Scenario, string>> = {
  cooperative: 'both agree to close',
  vanish: 'Bob vanishes',
  cheat: 'Bob cheats with an old state',
}

function title({ report, paint }: Sheet): readonly string[] {
  const { scenario, network, capacitySat, crypto } = report
  return [
    `${paint('strong', `bookend demo: ${TITLES[scenario]}`)} ${paint('faint', `(--scenario ${scenario})`)}`,
    paint('faint', `${network}, a channel of ${grouped(capacitySat)} sat, secp256k1: ${crypto}`),
  ]
}

function story({ report, width, paint }: Sheet, room: Room): readonly string[] {
  const head = shortList(report.story, room.story)
  return [
    heading('What happened', { width, paint }),
    ...head.flatMap(entry => {
      if (typeof entry === 'number') return [paint('faint', `${' '.repeat(15)}… ${grouped(entry)} more steps`)]
      const who = entry.who === 'chain' ? paint('faint', 'chain') : named(entry.who, paint)
      const [first = '', ...more] = wrapped(entry.text, width - 15, room.lines)
      const margin = `${paint('faint', grouped(entry.height).padStart(6))}  ${who}  `
      return [margin + first, ...more.map(line => ' '.repeat(15) + line)]
    }),
  ]
}

const COLUMNS = '  transaction   txid            height  vsize        fee  by     '

function transactions({ report, width, paint }: Sheet, room: Room): readonly string[] {
  const list = shortList(report.onchain, room.transactions)
  return [
    heading(`On chain: ${counted(report.onchain.length, 'transaction')}`, { width, paint }),
    paint('faint', COLUMNS.trimEnd()),
    ...list.flatMap((tx, index) => {
      if (typeof tx === 'number') return [paint('faint', `  … ${grouped(tx)} more, which --json lists`)]
      // What the next one would say again is said once, below the last of them.
      const next = list[index + 1]
      if (typeof next === 'object' && next.meaning === tx.meaning) return [row(tx, paint)]
      return [row(tx, paint), ...wrapped(tx.meaning, width - 4, room.lines).map(line => paint('faint', `    ${line}`))]
    }),
  ]
}

function row(tx: OnchainTransaction, paint: Paint): string {
  const cells = [
    paint('strong', tx.role.padEnd(12)),
    shortTxid(tx.txid).padEnd(14),
    grouped(tx.height).padStart(6),
    `${grouped(tx.vsize)} vB`.padStart(8),
    `${grouped(tx.feeSat)} sat`.padStart(11),
    nameOf(tx.by, paint),
  ]
  return `  ${cells.join('  ')}`
}

function money({ report, account, width, paint }: Sheet, room: Room): readonly string[] {
  const amountRow = (name: string, amount: Sat, remark: string) =>
    `  ${name}${grouped(amount).padStart(15)} sat  ${paint('faint', remark)}`.trimEnd()
  const left = shortList(leftSentences(report.left), room.left)
  return [
    heading('Where the money is', { width, paint }),
    share(account, { width, paint }),
    amountRow(named('alice', paint), account.aliceSat, 'on chain, and hers alone'),
    amountRow(named('bob', paint), account.bobSat, 'on chain, and his alone'),
    amountRow(
      'Fees ',
      account.feesSat,
      `for what spends it; opening it cost ${grouped(report.fundingFeeSat)} sat more`,
    ),
    amountRow('Left ', account.leftSat, left.length === 0 ? 'nothing stayed behind' : 'in outputs that nobody took'),
    ...left.flatMap(output =>
      typeof output === 'number'
        ? [paint('faint', `    … ${grouped(output)} more, which --json lists`)]
        : wrapped(output.text, width - 4, room.lines).map(line => paint('faint', `    ${line}`)),
    ),
  ]
}

/** The capacity as a bar: dark for Alice, bright for Bob, so that it can be read without colour too. */
function share({ aliceSat, bobSat, sumSat }: Account, { width, paint }: Pick<Sheet, 'width' | 'paint'>): string {
  const columns = width - 4
  const part = (amount: Sat) => (sumSat === 0n ? 0 : Math.round((Number(amount) * columns) / Number(sumSat)))
  const alice = part(aliceSat)
  const bob = Math.min(part(bobSat), columns - alice)
  const rest = columns - alice - bob
  return `  ${paint('alice', '█'.repeat(alice))}${paint('bob', '▓'.repeat(bob))}${paint('faint', '░'.repeat(rest))}`
}

/** A sentence for each reason why something was left: the amounts and whose they are, then why. */
function leftSentences(left: readonly LeftOutput[]): readonly { readonly text: string }[] {
  const owned = (output: LeftOutput) =>
    `${grouped(output.amountSat)} sat of ${output.owner === 'alice' ? 'Alice' : 'Bob'}`
  return [...Map.groupBy(left, output => output.why)].map(([why, outputs]) => ({
    text: `${outputs.map(owned).join(', ')}: ${why}`,
  }))
}

function payments({ report, width, paint }: Sheet): readonly string[] {
  const { payments: made, onchainInstead: instead, onchain } = report
  const here = {
    transactions: onchain.length,
    vbytes: onchain.reduce((sum, tx) => sum + tx.vsize, 0),
    feesSat: onchain.reduce((sum, tx) => sum + tx.feeSat, 0n),
    blocks: new Set(onchain.map(tx => tx.height)).size,
  }
  const saved = here.feesSat > 0n ? instead.feesSat / here.feesSat : 0n
  const price = saved > 1n ? `, for 1/${grouped(saved)} of the fees on chain` : ''
  const flow = (names: string, { count, sumMsat }: typeof made.aliceToBob) =>
    `  ${names}${counted(count, 'payment').padStart(18)}${paint('faint', `, ${groupedMsat(sumMsat)} sat together`)}`
  const rate = `, ${grouped(made.messages)} messages, ${sized(made.bytes)}, at most ${grouped(made.mostInFlight)} in flight`
  const [alice, bob] = [named('alice', paint), named('bob', paint)]
  return [
    heading(`Payments: ${grouped(made.count)} in ${made.seconds.toFixed(1)} s${price}`, { width, paint }),
    `  ${paint('strong', `${grouped(made.perSecond)} per second`)}${paint('faint', rate)}`,
    flow(`${alice} → ${bob}  `, made.aliceToBob),
    flow(`${bob} → ${alice}  `, made.bobToAlice),
    paint('faint', costRow('', ['transactions', 'vsize', 'fees', 'blocks'])),
    costRow('In this channel', costs(here)),
    costRow('Each on chain', costs(instead)),
  ]
}

function costs({ transactions, vbytes, feesSat, blocks }: Cost): readonly [string, string, string, string] {
  return [grouped(transactions), `${grouped(vbytes)} vB`, `${grouped(feesSat)} sat`, grouped(blocks)]
}

type Cost = Omit<DemoReport['onchainInstead'], 'feesSat'> & { readonly feesSat: bigint }

function costRow(name: string, [transactions, vsize, fees, blocks]: readonly [string, string, string, string]): string {
  const cells = [transactions.padStart(12), vsize.padStart(14), fees.padStart(17), blocks.padStart(7)]
  return `  ${name.padEnd(15)}  ${cells.join('  ')}`
}

function verdict({ report, account, paint }: Sheet): readonly string[] {
  if (account.complaints.length === 0) {
    const parts = 'Alice + Bob + fees + left'
    return ['', paint('good', `✔ ${parts} = ${grouped(account.sumSat)} sat = the capacity, to the satoshi.`)]
  }
  const off = account.sumSat - report.capacitySat
  const sentence = off === 0n ? 'THE REPORT CONTRADICTS ITSELF' : `THIS DOES NOT ADD UP: ${grouped(off)} SAT OFF`
  return ['', paint('alarm', ` ✘ ${sentence} `), ...account.complaints.map(complaint => `  ${complaint}`)]
}

function heading(text: string, { width, paint }: Pick<Sheet, 'width' | 'paint'>): string {
  return `${paint('faint', '──')} ${paint('strong', text)} ${paint('faint', '─'.repeat(Math.max(0, width - text.length - 4)))}`
}

/** All of a list, or its ends with the number of what is between them. `most` counts that line too. */
function shortList<T extends object>(list: readonly T[], most: number): readonly (T | number)[] {
  if (list.length <= most) return list
  const tail = Math.floor((most - 1) / 2)
  const head = most - 1 - tail
  return [...list.slice(0, head), list.length - head - tail, ...list.slice(list.length - tail)]
}

function nameOf(who: 'alice' | 'bob', paint: Paint): string {
  return paint(who, who === 'alice' ? 'Alice' : 'Bob')
}

/** A name in a column of five. */
function named(who: 'alice' | 'bob', paint: Paint): string {
  return nameOf(who, paint) + (who === 'alice' ? '' : '  ')
}

function shortTxid(txid: string): string {
  return `${txid.slice(0, 7)}…${txid.slice(-6)}`
}

function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? '' : 's'}`
}
