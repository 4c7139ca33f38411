import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PeerEffect, type PeerInput, type PeerState, peerStep } from '../../src/peer/index.ts'
import { encodeMessage } from '../../src/wire/index.ts'
import { arbitraryMessage } from '../wire/arbitraries.ts'
import { CONTEXT, initOf, One } from './one.ts'

// Whatever a peer sends and whatever order things happen in: the step answers, and keeps its promises to the floors around it.

const mutated = fc
  .tuple(arbitraryMessage, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(40))
  .map(([message, edits, cut]) => {
    const bytes = encodeMessage(message)
    for (const [at, byte] of edits) bytes[at % bytes.length] = byte
    return bytes.slice(0, Math.max(0, bytes.length - (cut < 20 ? 0 : cut - 20)))
  })
const inits = fc
  .record({ globalfeatures: fc.uint8Array({ maxLength: 3 }), features: fc.uint8Array({ maxLength: 9 }) })
  .map(changes => encodeMessage(initOf(changes)))
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  mutated,
  arbitraryMessage.map(encodeMessage),
  inits,
  fc.constant(encodeMessage(initOf())),
)

/** The states in which bytes may arrive, connection 1 being the newest. */
const states: Readonly<Record<string, () => PeerState>> = {
  'without a line': () => new One().state,
  'before init': () => {
    const one = new One()
    one.do({ type: 'connected', connection: 1, outgoing: true })
    return one.state
  },
  up: () => new One().up().state,
  'up, with a ping that waits': () => {
    const one = new One().up()
    one.after(30_000)
    return one.state
  },
}

describe('any bytes', () => {
  it.each(Object.entries(states))('%s lead to a step', (_, make) => {
    const state = make()
    fc.assert(
      fc.property(anyBytes, bytes => {
        const before = structuredClone(state)
        const { next, effects } = peerStep(state, { type: 'received', connection: 1, bytes }, CONTEXT)
        expect(state).toEqual(before)
        if (state.line.type === 'none') expect([next, effects]).toEqual([state, []])
        // What is left is a line that is as it was or came up, or the connection was closed, once.
        const closed = effects.filter(({ type }) => type === 'close').length
        expect(closed).toBe(state.line.type !== 'none' && next.line.type === 'none' ? 1 : 0)
      }),
      { numRuns: 1500 },
    )
  })
})

const anyInput: fc.Arbitrary<PeerInput | { readonly type: 'later'; readonly ms: number }> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('received' as const), connection: fc.constant(0), bytes: anyBytes }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('connected' as const),
      connection: fc.constant(0),
      outgoing: fc.boolean(),
    }),
  },
  fc.record({ type: fc.constant('ended' as const), connection: fc.constant(0) }),
  fc.record({ type: fc.constant('later' as const), ms: fc.nat(60_000) }),
  fc.record({ type: fc.constant('wanted' as const), wanted: fc.boolean() }),
  fc.record({
    type: fc.constant('wanted' as const),
    wanted: fc.boolean(),
    addresses: fc.array(fc.record({ host: fc.constantFrom('a', 'b'), port: fc.nat(2) }), { maxLength: 12 }),
  }),
  fc.constant({ type: 'dial_failed' as const }),
  fc.constant({ type: 'hang_up' as const, reason: 'enough' }),
)

/** What the floors around the peer were told, from its effects alone; each promise is asked for as the effect comes. */
class Watcher {
  /** The connections that are open, and whether `up` was said of one. */
  readonly open = new Set<number>()
  up: number | undefined

  see(effect: PeerEffect): void {
    switch (effect.type) {
      case 'send':
        expect(this.open).toContain(effect.connection)
        // BOLT 1, the init message: before the peer's init nothing but ours, and a warning that ends in a close.
        if (this.up !== effect.connection) expect(['init', 'warning']).toContain(effect.message.type)
        break
      case 'close':
        expect(this.open.delete(effect.connection)).toBe(true)
        break
      case 'up':
        expect(this.up).toBeUndefined()
        this.up = effect.connection
        break
      case 'down':
        expect(this.up).toBeDefined()
        this.up = undefined
        break
      case 'deliver':
        expect(this.up).toBeDefined()
        break
    }
  }
}

describe('any inputs in any order', () => {
  it('keep one connection at most, and say up and down in turn', () => {
    fc.assert(
      fc.property(
        fc.array(anyInput, { maxLength: 60 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (inputs, entropy) => {
          const one = new One({ entropy })
          const watcher = new Watcher()
          let connections = 0
          for (const input of inputs) {
            const { phase } = one.state.dial
            // The network answers each dial once, and gives each connection its own number.
            if (input.type === 'dial_failed' && phase.type !== 'under_way') continue
            if (input.type === 'connected' && input.outgoing && phase.type !== 'under_way') continue
            if (input.type === 'connected') watcher.open.add(++connections)
            if (input.type === 'ended') watcher.open.delete(connections)
            const effects =
              input.type === 'later'
                ? one.after(input.ms)
                : one.do('connection' in input ? { ...input, connection: connections } : input)
            for (const effect of effects) watcher.see(effect)
            const { line } = one.state
            expect([...watcher.open]).toEqual(line.type === 'none' ? [] : [line.connection])
            expect(watcher.up).toBe(line.type === 'up' ? line.connection : undefined)
            if (effects.some(({ type }) => type === 'dial')) expect(line.type).toBe('none')
            if (line.type !== 'none') expect(one.state.dial.phase.type).not.toBe('waiting')
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
