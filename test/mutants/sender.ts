import type { Mutant } from './mutant.ts'
import { DECEIVERS, LYING_SENDERS } from './worlds.ts'

// Faults in what is believed of an onion, whose sender may have written down anything, and of the answer to one.

export const SENDER_MUTANTS: readonly Mutant[] = [
  {
    id: 'onions-are-opened-again',
    class: 'believed-senders',
    incident: 'Whoever has seen an onion pass sends it again, and follows it to its payee.',
    file: 'payment/seenOnions.ts',
    find: 'return pmapHas(onions, keyOf(sharedSecret))',
    replace: 'return false',
    plan: LYING_SENDERS,
  },
  {
    id: 'any-fee-is-enough',
    class: 'believed-senders',
    incident: 'Payments are passed on for less than the node asks for.',
    file: 'payment/forwarding.ts',
    find: 'amtToForward + feeFor(policy, amtToForward)',
    replace: 'amtToForward',
    plan: LYING_SENDERS,
  },
  {
    id: 'any-delta-is-enough',
    class: 'believed-senders',
    incident:
      'What is passed on leaves too few blocks to claim upstream what was claimed downstream in the last moment.',
    file: 'payment/forwarding.ts',
    find: 'htlc.cltvExpiry < outgoingCltvValue + policy.cltvExpiryDelta',
    replace: 'htlc.cltvExpiry < outgoingCltvValue',
    plan: LYING_SENDERS,
  },
  {
    id: 'expiries-are-not-held-against-the-onion',
    class: 'believed-senders',
    incident: 'A payee takes an HTLC whose blocks somebody on the way has kept for itself.',
    file: 'onion/paymentOnion.ts',
    find: 'if (htlc.cltvExpiry < outgoingCltvValue)',
    replace: 'if (htlc.cltvExpiry < 0)',
    plan: LYING_SENDERS,
  },
  {
    id: 'amounts-are-not-held-against-the-onion',
    class: 'believed-senders',
    incident: 'A payee takes less than its payer has sent, and somebody on the way has the rest.',
    file: 'onion/paymentOnion.ts',
    find: 'if (htlc.amountMsat < amtToForward)',
    replace: 'if (htlc.amountMsat < 0n)',
    plan: LYING_SENDERS,
  },
  {
    id: 'any-secret-pays',
    class: 'believed-senders',
    incident: 'A node on the way finds out that the next one is the payee, by a payment of its own.',
    file: 'payment/receiving.ts',
    find: 'return isSecret && isEnough(',
    replace: 'return isEnough(',
    plan: LYING_SENDERS,
  },
  {
    id: 'any-amount-pays',
    class: 'believed-senders',
    incident: 'The preimage of an invoice is given away for less than it asks for.',
    file: 'payment/receiving.ts',
    find: '(amount >= asked && amount <= 2n * asked)',
    replace: 'amount <= 2n * asked',
    plan: LYING_SENDERS,
  },
  {
    id: 'any-excess-is-taken',
    class: 'believed-senders',
    incident: 'A payer who has slipped by a digit loses ten times what the invoice asks for.',
    file: 'payment/receiving.ts',
    find: '(amount >= asked && amount <= 2n * asked)',
    replace: 'amount >= asked',
    plan: LYING_SENDERS,
  },
  {
    id: 'the-last-part-says-what-all-is',
    class: 'mixed-parts',
    incident:
      'Parts that do not agree on the amount are taken together, and the payer has proof for less than it has promised.',
    file: 'payment/receiving.ts',
    find: 'set.totalMsat !== part.totalMsat',
    replace: 'set.totalMsat < part.totalMsat',
    plan: LYING_SENDERS,
  },
  {
    id: 'parts-wait-for-ever',
    class: 'jamming',
    incident: 'A part whose others never come is held until it runs out.',
    file: 'payment/step.ts',
    find: '[giveUpLate, failIncomplete, sweepInvoices]',
    replace: '[giveUpLate, sweepInvoices]',
    plan: LYING_SENDERS,
  },
  {
    id: 'invoices-pay-for-forwards',
    class: 'preimage-for-forwarded-hash',
    incident: 'The preimage of an invoice is given away for an HTLC of any amount that only has its hash.',
    file: 'payment/receiving.ts',
    find: "  if (onion.type === 'forward') return forward(state, input, { onion, wayBack }, context)",
    replace: [
      '  const { htlc, link, peer } = input',
      '  const invoice = pmapGet(state.invoices, htlc.paymentHash)',
      '  const preimage = invoice && preimageOf(invoice)',
      "  if (onion.type === 'forward' && preimage !== undefined)",
      '    return take(state, [{ ...htlc, link, peer, wayBack }], { preimage, invoice }, context)',
      "  if (onion.type === 'forward') return forward(state, input, { onion, wayBack }, context)",
    ].join('\n'),
    plan: LYING_SENDERS,
  },

  // What comes back. A second answer to one HTLC, after the first, can cost nobody anything: where it were taken, the next signature of who
  // has said both would not fit, and the channel would end with the preimage known, if there was one.
  {
    id: 'the-next-one-is-blamed',
    class: 'believed-forwarders',
    incident: 'Who spoils the reason of a failure is trusted with the next payment, and the node behind it is not.',
    file: 'payment/unreadable.ts',
    find: 'const first = hops.slice(0, 1)',
    replace: 'const first = hops.slice(1, 2)',
    plan: DECEIVERS,
  },
]
