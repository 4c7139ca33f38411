import { describe, expect, it } from 'vitest'
import { utf8Encode } from '../../src/base/index.ts'
import type { PeerMessage } from '../../src/channel/types.ts'
import { everyMessage, expectRefused, NAMES, said, tried } from './attacks.ts'
import { durableOf, fundedOf, input, type Name } from './harness.ts'
import { CONNECTIONS, type Connection, inPhase, PHASES, type Phase } from './phases.ts'

// Every message a peer may say, in every phase of a funded channel and every state of its connection.

type MessageType = PeerMessage['type']

const UPDATES = [
  'update_add_htlc',
  'update_fulfill_htlc',
  'update_fail_htlc',
  'update_fail_malformed_htlc',
  'update_fee',
  'commitment_signed',
  'revoke_and_ack',
] as const

/** What a connected channel listens to, besides `error` and `warning` (BOLT 2). */
const KNOWN: { readonly [P in Phase]: readonly MessageType[] } = {
  wait_for_funding_confirmed: ['channel_ready', 'shutdown'],
  wait_for_channel_ready: ['channel_ready', 'shutdown'],
  normal: ['channel_ready', 'shutdown', ...UPDATES],
  shutting_down: ['channel_ready', 'shutdown', ...UPDATES],
  negotiating: ['channel_ready', 'shutdown', 'closing_signed', 'closing_complete', 'closing_sig'],
  closing: [],
  closed: [],
}

type Verdict = 'heard' | 'unexpected' | 'ignored' | 'error again'

function verdict(phase: Phase, connection: Connection, type: MessageType): Verdict {
  if (type === 'error' || type === 'warning') return 'heard'
  if (phase === 'closing' || phase === 'closed') return type === 'channel_reestablish' ? 'error again' : 'ignored'
  if (type === 'channel_reestablish') return connection === 'reestablishing' ? 'heard' : 'unexpected'
  return connection === 'connected' && KNOWN[phase].includes(type) ? 'heard' : 'unexpected'
}

function expectedInstead(phase: Phase, connection: Connection, type: MessageType): string {
  if (type === 'channel_reestablish') return 'channel_reestablish once, first on a new connection'
  if (connection !== 'connected') return 'channel_reestablish before any other message'
  return `a message that state ${phase} knows`
}

describe('BOLT 2, message retransmission and normal operation: the right message in the right state', () => {
  for (const phase of PHASES) {
    for (const connection of CONNECTIONS) {
      it(`${phase}, ${connection}`, () => {
        for (const name of NAMES) expectVerdicts(name, phase, connection)
      })
    }
  }

  function expectVerdicts(name: Name, phase: Phase, connection: Connection): void {
    const duo = inPhase(name, phase, connection)
    const { channelId } = durableOf(duo[name]).params
    for (const [type, message] of Object.entries(everyMessage(channelId)) as [MessageType, PeerMessage][]) {
      const ruling = verdict(phase, connection, type)
      const result = tried(duo, name, said(message))
      switch (ruling) {
        case 'heard':
          expect(result.failure?.code, `${type} in ${phase}`).not.toBe('unexpected_message')
          break
        case 'unexpected':
          expectRefused(duo, name, said(message), {
            severity: 'close_connection',
            code: 'unexpected_message',
            expected: expectedInstead(phase, connection, type),
            got: `${type} in state ${phase}, ${connection}`,
            section: type === 'channel_reestablish' ? 'BOLT 2, message retransmission' : 'BOLT 2, normal operation',
          })
          break
        case 'ignored':
          expect(result).toEqual({ next: duo[name].channel, writes: [], effects: [] })
          break
        case 'error again':
          expect(result).toEqual({
            next: duo[name].channel,
            writes: [],
            effects: [{ type: 'send', message: { type: 'error', channelId, data: utf8Encode('enough') } }],
          })
      }
    }
  }
})

describe('BOLT 1, error and warning, receiver', () => {
  for (const phase of PHASES) {
    it(`an error in ${phase} takes the channel to the chain at once, once, and is not answered`, () => {
      for (const connection of CONNECTIONS) {
        const duo = inPhase('bob', phase, connection)
        const { channelId } = durableOf(duo.bob).params
        const data = Uint8Array.of(...utf8Encode('boom'), 7, 27, 200)
        const { next, effects, failure } = tried(duo, 'bob', said({ type: 'error', channelId, data }))
        expect(failure).toBeUndefined()
        const heard = { type: 'event', event: { type: 'peer_said', kind: 'error', text: 'boom???' } }
        if (phase === 'closing' || phase === 'closed') {
          expect(effects).toEqual([heard])
          expect(next).toBe(duo.bob.channel)
          continue
        }
        const reason = 'the peer sent an error: boom???'
        expect(effects.map(effect => effect.type)).toEqual(['event', 'publish', 'event'])
        expect(effects[0]).toEqual(heard)
        expect(next).toMatchObject({
          state: 'closing',
          durable: { phase: { cause: { kind: 'remote_error', reason, mayPublishCommitment: true } } },
        })
      }
    })
  }

  it('a warning changes nothing in any state, and only a bounded piece of it is kept', () => {
    for (const phase of PHASES) {
      const duo = inPhase('alice', phase)
      const { channelId } = durableOf(duo.alice).params
      const result = tried(duo, 'alice', said({ type: 'warning', channelId, data: new Uint8Array(5_000).fill(65) }))
      expect(result.next).toEqual(fundedOf(duo.alice))
      expect(result.writes).toEqual([])
      expect(result.effects).toEqual([
        { type: 'event', event: { type: 'peer_said', kind: 'warning', text: 'A'.repeat(500) } },
      ])
    }
  })
})

describe('BOLT 2, normal operation: no update before both have said channel_ready', () => {
  it('also where a shutdown came first, so that nothing is ever signed for a point that is not there', () => {
    const duo = inPhase('bob', 'wait_for_channel_ready')
    input(duo, 'bob', { type: 'shutdown' })
    expect(duo.bob.channel.state).toBe('shutting_down')
    const { channelId } = durableOf(duo.bob).params
    for (const message of UPDATES.map(type => everyMessage(channelId)[type])) {
      expectRefused(duo, 'bob', said(message), {
        severity: 'close_connection',
        code: 'unexpected_message',
        expected: 'channel_ready from both sides before any update',
        got: `${message.type} in state shutting_down, connected`,
        section: 'BOLT 2, normal operation',
      })
    }
  })
})
