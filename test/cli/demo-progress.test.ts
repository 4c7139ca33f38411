import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { plainLines, silence, terminalBar } from '../../src/cli/demo/progress.ts'

/** A clock that moves by a second with each look. */
function ticking() {
  let seconds = 0
  return () => seconds++
}

describe('plain lines', () => {
  it('tell each phase once, and the payments at most once for each 10 %', () => {
    const lines: string[] = []
    const view = plainLines(line => lines.push(line), ticking())
    view.phase('opening a channel')
    for (let done = 0; done <= 1_000; done++) view.payments(done, 1_000)
    view.phase('closing')
    view.end()
    expect(lines).toHaveLength(12)
    expect(lines[0]).toBe('opening a channel')
    expect(lines[1]).toMatch(/^100 of 1,000 payments, 1 per second \(10 %\)$/)
    expect(lines[10]).toMatch(/^1,000 of 1,000 payments, .*\(100 %\)$/)
    expect(lines[11]).toBe('closing')
  })

  it('skip the tenths that passed at once, and say nothing when there is nothing to pay', () => {
    const lines: string[] = []
    const view = plainLines(
      line => lines.push(line),
      () => 0,
    )
    view.payments(0, 0)
    view.payments(0, 3)
    view.payments(2, 3)
    view.payments(3, 3)
    view.fail('broken')
    expect(lines).toEqual(['2 of 3 payments (60 %)', '3 of 3 payments (100 %)'])
  })
})

describe('the bar on a terminal', () => {
  /** A stream that is a terminal as far as the bar looks. */
  function terminal() {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
    const chunks: string[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(String(chunk)))
    // The bar writes, asks for the columns, and nothing else of a terminal.
    const output = stream as unknown as NodeJS.WriteStream
    return { output, shown: () => stripVTControlCharacters(chunks.join('')) }
  }

  it('leaves one line for each phase and one for the payments', () => {
    const { output, shown } = terminal()
    const view = terminalBar(output, ticking())
    view.phase('Opening a channel')
    view.payments(0, 10)
    view.payments(4, 10)
    view.payments(10, 10)
    view.phase('Closing')
    view.end()
    view.end()
    const lines = shown()
      .split('\n')
      .filter(line => /\w/.test(line))
    expect(lines.map(line => line.replace(/^\W+/, ''))).toEqual([
      'Opening a channel',
      '10 of 10 payments, 5 per second',
      'Closing',
    ])
  })

  it('ends with a word when something fails, in a phase and among the payments', () => {
    for (const work of ['phase', 'payments'] as const) {
      const { output, shown } = terminal()
      const view = terminalBar(output, () => 0)
      if (work === 'phase') view.phase('Opening a channel')
      else view.payments(3, 10)
      view.fail('Failed')
      view.fail('not twice')
      expect(shown()).toMatch(/Failed\n/)
      expect(shown()).not.toContain('not twice')
    }
  })

  it('can be silent', () => {
    expect([silence.phase('x'), silence.payments(1, 2), silence.end(), silence.fail('x')]).toEqual(
      Array(4).fill(undefined),
    )
  })
})
