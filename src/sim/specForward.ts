// The specification of one HTLC that a node N takes from upstream U and offers downstream to D (BOLT 2, forwarding HTLCs; BOLT 5).
// Each channel is as spec.ts has it; here stands only what one of them means for the other.
import { type ExploredModel, exploreModel, type Look } from './explore.ts'

export interface Forward {
  /** The HTLC between N and D, as far as both channels' dances have come. D can take back a failure that is not irrevocable. */
  readonly down: 'none' | 'proposed' | 'signed' | 'irrevocable' | 'failing' | 'failed'
  /** The commitment between N and D that has confirmed: with an output for the HTLC, or not, and then whether it is buried. */
  readonly chain: 'off' | 'with' | 'without' | 'buried' | 'timed out'
  /** D has shown the preimage where it counts. */
  readonly paid: boolean
  /** The HTLC between U and N, which is irrevocable from the start. */
  readonly up: 'open' | 'fulfilled' | 'failed' | 'expired'
  /** Before the expiry downstream, after it, and after the one upstream, which is a `cltv_expiry_delta` later. */
  readonly time: 0 | 1 | 2
  /** How often N offered it in a commitment that D may have. */
  readonly offered: number
  /** What N's store knows. */
  readonly memory: { readonly forwarded: boolean; readonly preimage: boolean }
}

export type ForwardFault =
  | 'fails upstream when D says so'
  | 'fails upstream at the first confirmation'
  | 'fails upstream though the preimage is known'
  | 'forgets what it forwarded'
  | 'gives itself no time between the two expiries'

export const FORWARD_RULES: Readonly<
  Record<string, { readonly sentence: string; readonly holds: (s: Forward) => boolean }>
> = {
  'claimed is never failed': {
    sentence: 'what is claimed downstream is never failed upstream, nor left until its time is over',
    holds: ({ paid, up }) => !paid || (up !== 'failed' && up !== 'expired'),
  },
  'fulfilled is claimed': {
    sentence: 'nothing is fulfilled upstream that was not claimed downstream',
    holds: ({ paid, up }) => up !== 'fulfilled' || paid,
  },
  'forwarded once': {
    sentence: 'what may stand on a commitment downstream is not offered there again',
    holds: ({ offered }) => offered <= 1,
  },
}

type Move = readonly [label: string, next: Forward]

const START: Forward = {
  down: 'none',
  chain: 'off',
  paid: false,
  up: 'open',
  time: 0,
  offered: 0,
  memory: { forwarded: false, preimage: false },
}

export function exploreForwarding(fault?: ForwardFault, look: Look<Forward> = {}): ExploredModel {
  return exploreModel<Forward>(
    { start: START, moves: state => moves(state, fault), keyOf: JSON.stringify, brokenRule },
    look,
  )
}

function brokenRule(state: Forward): string | undefined {
  return Object.entries(FORWARD_RULES).find(([, { holds }]) => !holds(state))?.[0]
}

function moves(state: Forward, fault: ForwardFault | undefined): readonly Move[] {
  return [...dance(state, fault), ...onChain(state), ...upstream(state, fault), ...timePasses(state, fault)]
}

/** Off chain, between N and D. */
function dance(state: Forward, fault: ForwardFault | undefined): readonly Move[] {
  const { down, chain, up, memory, offered, time } = state
  if (chain !== 'off') return []
  const all: Move[] = []
  if (!memory.forwarded && down !== 'proposed' && up === 'open' && time === 0) {
    all.push(['N offers the HTLC to D', { ...state, down: 'proposed' }])
  }
  switch (down) {
    case 'proposed': {
      const forwarded = fault !== 'forgets what it forwarded'
      all.push(['N signs', { ...state, down: 'signed', offered: offered + 1, memory: { ...memory, forwarded } }])
      all.push(['the connection ends', { ...state, down: 'none' }])
      break
    }
    case 'signed':
      all.push(['the HTLC is irrevocable', { ...state, down: 'irrevocable' }])
      break
    case 'irrevocable':
      all.push(['D fulfils', { ...state, paid: true }])
      if (state.paid) all.push(['N gets the preimage', { ...state, memory: { ...memory, preimage: true } }])
      else all.push(['D fails', { ...state, down: 'failing' }])
      break
    case 'failing':
      all.push(['the connection ends', { ...state, down: 'irrevocable' }])
      all.push(['the failure is irrevocable', { ...state, down: 'failed' }])
      break
  }
  return all
}

/** A commitment of N or D confirms: while an update is on its way, one of two may. */
function onChain(state: Forward): readonly Move[] {
  const { down, chain, paid, time, memory } = state
  switch (chain) {
    case 'off': {
      const mayHold = down === 'signed' || down === 'irrevocable' || down === 'failing'
      const mayLack = down !== 'irrevocable' && down !== 'none'
      return [
        ...(mayHold ? [['a commitment with the HTLC confirms', { ...state, chain: 'with' }] as const] : []),
        ...(mayLack ? [['a commitment without the HTLC confirms', { ...state, chain: 'without' }] as const] : []),
      ]
    }
    case 'with': {
      if (!paid) {
        const timeout: Move = ['N times it out', { ...state, chain: 'timed out' }]
        return [['D claims with the preimage', { ...state, paid: true }], ...(time > 0 ? [timeout] : [])]
      }
      return [['N sees the preimage', { ...state, memory: { ...memory, preimage: true } }]]
    }
    case 'without':
      return [
        ['a reorganisation takes it back', { ...state, chain: 'off' }],
        ['it is buried', { ...state, chain: 'buried' }],
      ]
    case 'buried':
    case 'timed out':
      return []
  }
}

function isOver({ down, chain }: Forward): boolean {
  return down === 'failed' || chain === 'buried' || chain === 'timed out'
}

function upstream(state: Forward, fault: ForwardFault | undefined): readonly Move[] {
  const { up, down, chain, memory } = state
  if (up !== 'open') return []
  if (memory.preimage && fault !== 'fails upstream though the preimage is known') {
    return [['N fulfils upstream', { ...state, up: 'fulfilled' }]]
  }
  const isEarly =
    (fault === 'fails upstream when D says so' && down === 'failing') ||
    (fault === 'fails upstream at the first confirmation' && chain === 'without') ||
    (fault === 'fails upstream though the preimage is known' && memory.preimage)
  const isNeverOffered = !memory.forwarded && down === 'none'
  const mayFail = isNeverOffered || isOver(state) || isEarly
  // What was never offered is not offered afterwards: `up` is no longer open.
  return mayFail ? [['N fails upstream', { ...state, up: 'failed' }]] : []
}

function timePasses(state: Forward, fault: ForwardFault | undefined): readonly Move[] {
  const { time, up, down, chain, memory } = state
  const isSettled = memory.preimage || isOver(state) || down === 'none'
  if (time === 0) {
    // At the expiry N goes to the chain with what D has not ended.
    const isReady = isSettled || chain !== 'off'
    return isReady && down !== 'proposed' ? [['the HTLC expires downstream', { ...state, time: 1 }]] : []
  }
  // The delta is time enough to end it on chain, and to use the preimage that may come of that.
  if (time === 2 || !(isSettled || fault === 'gives itself no time between the two expiries')) return []
  const end = up !== 'open' ? up : memory.preimage ? 'fulfilled' : 'expired'
  return [['the HTLC expires upstream', { ...state, time: 2, up: end }]]
}
