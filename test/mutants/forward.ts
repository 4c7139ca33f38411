import type { Mutant } from './mutant.ts'
import {
  FEE_CHANGES,
  FEE_CHANGES_OF_SMALL_CHANNELS,
  FORWARDS,
  HOLDS,
  HOLDS_AT_CLOSES,
  HOLDS_IN_PARTS,
  LATE_HOLDS,
  PARTS,
  SHORT_FUNDINGS_OF_SOME,
} from './worlds.ts'

// Faults in what is passed on, comes in parts, or is held: HTLCs that somebody else waits for.

export const FORWARD_MUTANTS: readonly Mutant[] = [
  // Payments of others.
  {
    id: 'forwards-are-not-stored',
    class: 'crash-at-any-write',
    incident:
      'After a restart nobody knows whose HTLC it was that a node has passed on, and its preimage goes nowhere.',
    file: 'payment/forwarding.ts',
    find: 'writes: [putForward(taken)], effects: []',
    replace: 'writes: [], effects: []',
    plan: FORWARDS,
  },
  {
    id: 'ended-forwards-stay-stored',
    class: 'jamming',
    incident: 'After a restart what was passed on long ago counts again against its peer, and goes back once more.',
    file: 'payment/forwardEnds.ts',
    find: 'writes: [deleteForward(forward)],',
    replace: 'writes: [],',
    plan: FORWARDS,
  },
  {
    id: 'forwards-are-begun-again',
    class: 'failed-though-paid',
    incident:
      'After a restart an HTLC that is on its way already is taken for a new one, and goes back while it is paid.',
    file: 'payment/receiving.ts',
    find: 'if (pmapHas(state.parts, key) || pmapHas(state.forwards, key)) return unchanged(state)',
    replace: 'if (pmapHas(state.parts, key)) return unchanged(state)',
    plan: FORWARDS,
  },
  {
    id: 'failures-go-back-before-they-are-irrevocable',
    class: 'failed-though-paid',
    incident: 'An HTLC is given back upstream while who was to have it can still take it downstream.',
    file: 'channel/handlers/removeHtlc.ts',
    find: "if (resolution.type !== 'fulfill') return done(next)",
    replace: `if (resolution.type !== 'fulfill') return done(next, [{ type: 'event', event: { type: 'htlc_failed', id: htlc.id, paymentHash: htlc.paymentHash, resolution } }])`,
    plan: FORWARDS,
  },
  {
    id: 'dropped-forwards-are-not-given-back',
    class: 'jamming',
    incident: 'An HTLC that a cut has undone downstream is kept from its payer until it runs out.',
    file: 'payment/step.ts',
    find: 'forwardDropped(state, forward, input',
    replace: 'inTurn(state, [], context',
    plan: FORWARDS,
  },
  {
    id: 'htlcs-of-all-channels-by-id',
    class: 'matched-by-hash',
    incident:
      'Two HTLCs of different channels with one id are taken for the same, and one of them gets the end of the other.',
    file: 'payment/inbound.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a source.
    find: '`${link}/${id}`',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a source.
    replace: '`${link * 0}/${id}`',
    plan: FORWARDS,
  },
  {
    id: 'what-was-passed-on-counts-for-ever',
    class: 'jamming',
    incident:
      'All that a peer has ever sent through a node counts against it, until nothing of it is passed on any more.',
    file: 'payment/forwards.ts',
    find: 'usage: withUsage(state, forward, -1),',
    replace: 'usage: state.usage,',
    plan: FORWARDS,
  },
  // A link that does not tell its enforcement of a preimage loses nothing by it: the next block asks for all claims anew, 24 blocks before
  // the deadline, and so does a start. What is lost is a preimage that the channel does not keep.
  {
    id: 'closing-channels-take-no-preimages',
    class: 'later-preimage',
    incident:
      'A preimage that comes when its channel is on the chain already is not claimed with, and the payer takes the HTLC back.',
    file: 'channel/handlers/removeHtlc.ts',
    find: '  const resolved = replaceHtlc(durable, htlc, { ...htlc, resolution: command.resolution })',
    replace:
      "  if (durable.phase.type === 'closing') return done(channel)\n  const resolved = replaceHtlc(durable, htlc, { ...htlc, resolution: command.resolution })",
    plan: HOLDS_AT_CLOSES,
  },
  {
    id: 'preimages-of-the-chain-stay-downstream',
    class: 'preimages-in-one-place',
    incident: 'What is claimed on chain from a node that has passed it on is never asked for upstream.',
    file: 'payment/step.ts',
    find: 'return forward === undefined ? fulfilled(state, input, context)',
    replace: 'return forward === undefined || context.isClosing(input.link) ? fulfilled(state, input, context)',
    plan: HOLDS_AT_CLOSES,
  },
  {
    id: 'opened-onions-are-not-stored',
    class: 'crash-at-any-write',
    incident: 'After a restart an onion that was opened can be sent once more, to see what comes of it.',
    file: 'payment/seenOnions.ts',
    find: 'const writes: PaymentWrite[] = [...step.writes, putOnion(key, cltvExpiry)]',
    replace: 'const writes: PaymentWrite[] = [...step.writes]',
    plan: FORWARDS,
  },

  // Payments in parts, and those that are held.
  {
    id: 'the-first-part-is-the-payment',
    class: 'mixed-parts',
    incident: 'The preimage is given away for a part of the money, and the rest of it goes back.',
    file: 'payment/receiving.ts',
    find: 'if (whole && preimage !== undefined)',
    replace: 'if (preimage !== undefined)',
    plan: PARTS,
  },
  {
    id: 'parts-are-not-stored',
    class: 'mixed-parts',
    incident: 'After a restart the part that came first is forgotten, and neither taken nor given back.',
    file: 'payment/receiving.ts',
    find: 'writes: [putPart(part)]',
    replace: 'writes: []',
    plan: HOLDS,
  },
  {
    id: 'taken-parts-stay-stored',
    class: 'mixed-parts',
    incident: 'After a restart parts of a payment that was taken wait for the rest of it again, and are given back.',
    file: 'payment/answering.ts',
    find: '[...step.writes, number, ...kept.writes]',
    replace: '[...step.writes, number]',
    plan: HOLDS,
  },
  {
    id: 'parts-are-settled-as-a-whole',
    class: 'mixed-parts',
    incident: 'A user who settles too soon gives the preimage away for the parts that have come so far.',
    file: 'payment/holding.ts',
    find: 'if (first === undefined || set === undefined || !isComplete(set)) {',
    replace: 'if (first === undefined || set === undefined) {',
    plan: HOLDS_IN_PARTS,
  },
  {
    id: 'cancelled-invoices-stay-stored',
    class: 'crash-at-any-write',
    incident: 'After a restart an invoice that its user has cancelled can be paid.',
    file: 'payment/holding.ts',
    find: 'writes: [...failed.writes, deleteInvoice(hash)]',
    replace: 'writes: failed.writes',
    plan: HOLDS,
  },
  {
    id: 'held-htlcs-wait-until-they-expire',
    class: 'missed-deadlines',
    incident: 'What a user holds too long is taken when its payer can take it back, or costs the channel.',
    file: 'payment/holding.ts',
    find: 'if (context.height < set.cltvExpiry - context.limits.heldDeadlineBlocks)',
    replace: 'if (context.height < set.cltvExpiry)',
    plan: LATE_HOLDS,
  },

  // Feerates that follow the market, and channels that are used at once.
  {
    id: 'unsigned-feerates-outlast-a-cut',
    class: 'feerate-disagreement',
    incident: 'A feerate that one side has heard and nobody has signed is signed after a cut, and the channel is lost.',
    file: 'channel/handlers/uncommitted.ts',
    find: "feeUpdates: durable.feeUpdates.filter(update => update.stage !== 'proposed'),",
    replace: 'feeUpdates: durable.feeUpdates,',
    plan: FEE_CHANGES,
  },
  {
    id: 'a-rise-is-paid-at-the-old-feerate',
    class: 'reserve-and-dust',
    incident: 'Whether an opener can pay a higher feerate is asked at the one before, and its reserve pays for it.',
    file: 'channel/handlers/updateFee.ts',
    find: 'const contents = { ...before, feeratePerKw }',
    replace: 'const contents = before',
    plan: FEE_CHANGES_OF_SMALL_CHANNELS,
  },
  {
    id: 'trust-in-one-is-trust-in-all',
    class: 'funding-not-checked',
    incident: 'Who trusts one peer takes a channel of any other without a confirmation, and is paid with nothing.',
    file: 'engine/links.ts',
    find: 'context.trustZeroConf?.has(peer) === true',
    replace: 'context.trustZeroConf !== undefined',
    plan: SHORT_FUNDINGS_OF_SOME,
  },
]
