// What must be true of every state of the specification, by name, each with the sentence that it stands for.
import { contents, LATEST, other, type Party, type Side } from './spec.ts'
import { CAPACITY, isBusy, type State } from './specPair.ts'

export interface Rule {
  readonly sentence: string
  readonly holds: (state: State) => boolean
}

export const RULES = {
  'one remote commitment': {
    sentence: 'there are never two different remote commitments of one number',
    holds: state => state.broken !== 'one remote commitment',
  },
  'secret after commitment': {
    sentence: 'a secret leaves only when the next commitment that the peer has signed is durable',
    holds: state => both(party => secretsOnTheirWay(state, party).every(number => number < state.stored[party].number)),
  },
  'one unrevoked': {
    sentence: 'each party always has one commitment that it has not revoked, and the other has signed that one',
    holds: ({ stored, signed }) =>
      both(party => {
        const { number } = stored[party]
        return number >= stored[other(party)].peerNumber && number <= signed[other(party)].number
      }),
  },
  'signatures fit': {
    sentence: 'a signature is for the commitment that its receiver expects',
    holds: state => state.broken !== 'signatures fit',
  },
  'messages fit': {
    sentence: 'each message is one that its receiver can take',
    holds: state => state.broken !== 'messages fit',
  },
  'both agree': {
    sentence: 'after reestablish, and whenever nothing is on its way, both know the same',
    holds: state => state.broken !== 'both agree' && (!isQuiet(state) || isSame(state)),
  },
  'nothing forgotten': {
    sentence: 'where nothing is on its way, each decision has been said',
    holds: state =>
      !isQuiet(state) ||
      both(party => state.sides[party].htlcs.every(({ end, removed }) => end === undefined || removed !== undefined)),
  },
  'balances conserve': {
    sentence: 'what the two have is the capacity, and nobody has less than nothing',
    holds: ({ sides }) => both(party => conserves(sides[party])),
  },
  'one end': {
    sentence: 'every HTLC ends once, and in the same way for both',
    holds: state => state.broken !== 'one end',
  },
  provable: {
    sentence:
      'each commitment that may confirm gives a party what it is due: each HTLC that is irrevocable and not ended',
    holds: state => state.broken !== 'provable',
  },
  'revoked stays home': {
    sentence: 'nobody publishes what they have revoked',
    holds: state => state.broken !== 'revoked stays home',
  },
} as const satisfies Readonly<Record<string, Rule>>

export type RuleName = keyof typeof RULES

const NAMES = Object.keys(RULES) as readonly RuleName[]

/** The first rule that a state breaks, if it breaks one. */
export function brokenRule(state: State): RuleName | undefined {
  for (const name of NAMES) if (!RULES[name].holds(state)) return name
  return undefined
}

const both = (holds: (party: Party) => boolean): boolean => holds(0) && holds(1)

function secretsOnTheirWay({ wire }: State, from: Party): readonly number[] {
  return wire[other(from)].flatMap(message => (message.type === 'revoke' ? [message.number] : []))
}

function isQuiet(state: State): boolean {
  const { sides, wire } = state
  const isSilent = wire[0].length === 0 && wire[1].length === 0
  return isSilent && both(party => sides[party].line === 'up' && !isBusy(state, party))
}

function isSame({ sides: [a, b] }: State): boolean {
  const isNumbered = a.number === b.peerNumber && b.number === a.peerNumber && !a.awaiting && !b.awaiting
  const isMoney = a.settled[0] === b.settled[0] && a.nextId[0] === b.nextId[0] && a.nextId[1] === b.nextId[1]
  return (
    isNumbered &&
    isMoney &&
    a.feerate === b.feerate &&
    a.fee?.stage === b.fee?.stage &&
    a.htlcs.length === b.htlcs.length &&
    a.htlcs.every((htlc, index) => {
      const same = b.htlcs[index]
      return same?.by === htlc.by && same.id === htlc.id && same.added === htlc.added && same.removed === htlc.removed
    })
  )
}

function conserves(side: Side): boolean {
  const { settled, htlcs } = side
  if (settled[0] + settled[1] !== CAPACITY) return false
  if (htlcs.length === 0) return settled[0] >= 0 && settled[1] >= 0
  return both(holder => {
    const [balances = '', ...open] = contents(side, holder, LATEST).split(' ')
    const [a = Number.NaN, b = Number.NaN] = balances.split('+').map(Number)
    return a >= 0 && b >= 0 && a + b + open.length === CAPACITY
  })
}
