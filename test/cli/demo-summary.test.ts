import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { sat } from '../../src/base/index.ts'
import type { DemoReport } from '../../src/cli/demo/report.ts'
import { MAX_COLUMNS, MAX_LINES, summaryOf } from '../../src/cli/demo/summary.ts'
import { CHEAT, COOPERATIVE, doctored, REPORTS, transaction, VANISH } from './demoFixture.ts'

const plain = (report: DemoReport, columns = 100) => summaryOf(report, { columns, color: false })
const linesOf = (text: string) => text.split('\n')
const longest = (text: string) => Math.max(...linesOf(text).map(line => line.length))

describe('the summary of the demo', () => {
  it.each(REPORTS)('fits a screen, wide or narrow, for $scenario', report => {
    for (const columns of [80, 100, 250]) {
      expect(linesOf(plain(report, columns)).length).toBeLessThanOrEqual(MAX_LINES)
      expect(longest(plain(report, columns))).toBeLessThanOrEqual(Math.min(columns, MAX_COLUMNS))
    }
  })

  it('fits a screen when the channel ended in a hundred transactions and a thousand steps', () => {
    const crowded: DemoReport = {
      ...VANISH,
      onchain: Array.from({ length: 100 }, () => transaction('htlc-timeout')),
      story: Array.from({ length: 1_000 }, () => ({ height: 1, who: 'chain', text: 'one more block' })),
      left: Array.from(
        { length: 40 },
        (_, number) => ({ ...VANISH.left[0], why: `reason ${number}` }) as DemoReport['left'][number],
      ),
    }
    expect(linesOf(plain(crowded)).length).toBeLessThanOrEqual(MAX_LINES)
    expect(plain(crowded)).toMatch(/… 99\d more steps/)
    expect(plain(crowded)).toMatch(/… \d+ more, which --json lists/)
  })

  it.each(REPORTS)('lists each transaction with role, txid, size, fee and meaning, for $scenario', report => {
    const lines = linesOf(plain(report))
    for (const tx of report.onchain) {
      const row = lines.findIndex(line => line.includes(tx.role) && line.includes(`${tx.height} `))
      expect(lines[row]).toContain(`${tx.txid.slice(0, 7)}…${tx.txid.slice(-6)}`)
      expect(lines[row]).toContain(`${tx.vsize} vB`)
      expect(lines[row]).toMatch(
        new RegExp(`${tx.feeSat.toLocaleString('en-US')} sat +${tx.by === 'bob' ? 'Bob' : 'Alice'}$`),
      )
      const meaning = lines.slice(row + 1).find(line => line.startsWith('    '))
      expect(meaning?.trim()).toBe(tx.meaning)
    }
  })

  it('says once what transactions in a row have in common', () => {
    const [first, second] = VANISH.onchain.filter(tx => tx.role === 'htlc-timeout')
    expect(first?.meaning).toBe(second?.meaning)
    expect(plain(VANISH).split(first?.meaning ?? '')).toHaveLength(2)
  })

  it('tells the story with heights and names', () => {
    expect(plain(COOPERATIVE)).toMatch(/^ +101 +Alice +offers Bob a channel of 10,000,000 sat$/m)
    expect(plain(COOPERATIVE)).toMatch(/^ +108 +chain +the funding transaction is six blocks deep$/m)
    expect(plain(COOPERATIVE)).toMatch(/^ +108 +Bob +agrees to close$/m)
  })

  it('keeps the ends of a long story and says how much is between them', () => {
    const text = plain(VANISH)
    expect(text).toContain('step 0 of the story')
    expect(text).toContain('step 29 of the story')
    const [, hidden = ''] = /… (\d+) more steps/.exec(text) ?? []
    expect(Number(hidden) + [...text.matchAll(/step \d+ of the story/g)].length).toBe(VANISH.story.length)
  })

  it('shows both balances, the fees, and what was left and why', () => {
    const text = plain(VANISH)
    expect(text).toMatch(/Alice +6,986,340 sat/)
    expect(text).toMatch(/Bob +3,000,000 sat/)
    expect(text).toMatch(/Fees +13,000 sat .*opening it cost 1,530 sat/)
    expect(text).toMatch(/Left +660 sat/)
    expect(text).toMatch(/^ {4}330 sat of Alice, 330 sat of Bob: an anchor .* worth less/m)
    expect(plain(COOPERATIVE)).toMatch(/Left +0 sat +nothing stayed behind/)
  })

  it('draws the shares to scale, and readable without colour', () => {
    const bar = (report: DemoReport) => /^ {2}([█▓░]+)$/m.exec(plain(report))?.[1] ?? ''
    const widths = (report: DemoReport) => ['█', '▓'].map(glyph => bar(report).split(glyph).length - 1)
    expect(widths(COOPERATIVE)).toEqual([67, 29])
    expect(widths(CHEAT)).toEqual([96, 0])
  })

  it('compares with the same payments on chain', () => {
    const text = plain(COOPERATIVE)
    expect(text).toContain('Payments: 10,000 in 8.1 s, for 1/4,378 of the fees on chain')
    expect(text).toMatch(/1,235 per second, 43,210 messages, 12 MB, at most 60 in flight/)
    expect(text).toMatch(/Alice → Bob +6,000 payments, 9,007,199,254,740\.993 sat together/)
    expect(text).toMatch(/In this channel +2 +322 vB +3,220 sat +2$/m)
    expect(text).toMatch(/Each on chain +10,000 +1,410,000 vB +14,100,000 sat +2$/m)
  })

  it('claims no saving where there is none', () => {
    const few = { ...COOPERATIVE, onchainInstead: { transactions: 0, vbytes: 0, feesSat: sat(0), blocks: 0 } }
    expect(plain(few)).toMatch(/Payments: 10,000 in 8\.1 s ─/)
  })

  it('says that everything adds up', () => {
    expect(linesOf(plain(COOPERATIVE)).at(-1)).toMatch(/^✔ .* = 10,000,000 sat = the capacity, to the satoshi\.$/)
  })

  it('is loud when it does not', () => {
    for (const [by, off] of [
      [1n, '1'],
      [-2_000n, '-2,000'],
    ] as const) {
      const text = plain(doctored(COOPERATIVE, by))
      expect(text).toContain(`✘ THIS DOES NOT ADD UP: ${off} SAT OFF`)
      expect(text).not.toContain('✔')
    }
    const torn = { ...COOPERATIVE, channelFeesSat: sat(1) }
    expect(plain(torn)).toMatch(/✘ THE REPORT CONTRADICTS ITSELF \n +fees .*1,690 is not 1/)
  })

  it('lays colours over the same text: Alice blue, Bob red', () => {
    const colored = summaryOf(VANISH, { columns: 100, color: true })
    expect(colored).toContain('\u001b[94mAlice\u001b[39m')
    expect(colored).toContain('\u001b[91mBob\u001b[39m')
    expect(stripVTControlCharacters(colored)).toBe(plain(VANISH))
    expect(plain(VANISH)).not.toContain('\u001b')
  })
})
