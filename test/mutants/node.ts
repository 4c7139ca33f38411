import type { Mutant } from './mutant.ts'
import { CHEATS, CLOSES, CRASHES, CUTS, DYING_OPENERS, LATE_BLOCKS, MANY_OPENINGS, TWO_CONNECTIONS } from './worlds.ts'

// Faults in the node around its channels: payments, requests, connections, and what a restart brings back.

export const NODE_MUTANTS: readonly Mutant[] = [
  // Payments.
  {
    id: 'in-flight-counts-as-waiting',
    class: 'concurrent-spends',
    incident: 'A payment whose HTLC is out is offered once more at the next connection, and a keysend is paid twice.',
    file: 'payment/state.ts',
    find: 'waiting: parts.length === 0 ? pmapSet(base.waiting, key, payment.number) : base.waiting,',
    replace: 'waiting: pmapSet(base.waiting, key, payment.number),',
  },
  {
    id: 'ended-payments-stay-in-flight',
    class: 'concurrent-spends',
    incident: 'After a restart a payment that has failed goes on, and is tried again.',
    file: 'payment/ends.ts',
    find: 'const writes = [...step.writes, deleteInFlight(payment.number), ...tokenWrites(next, terms.token)]',
    replace: 'const writes = [...step.writes, ...tokenWrites(next, terms.token)]',
  },
  {
    id: 'dropped-htlcs-are-not-told',
    class: 'concurrent-spends',
    incident: 'A payment waits for an HTLC that a cut has undone, and takes the end of another one for its own.',
    file: 'engine/linkEffects.ts',
    find: "work.tasks.push({ to: 'payments', input: { type: 'htlc_dropped', link: index, id: event.id, forGood } })",
    replace:
      "if (forGood) work.tasks.push({ to: 'payments', input: { type: 'htlc_dropped', link: index, id: event.id, forGood } })",
    plan: CUTS,
  },
  {
    id: 'idempotency-keys-are-not-stored',
    class: 'check-then-act',
    incident: 'The same call with the same key, made again when the first has ended, pays again.',
    file: 'payment/attempts.ts',
    find: 'if (terms.repeatable !== undefined) writes.push(',
    replace: 'if (terms.repeatable !== undefined && asked.others.length > 0) writes.push(',
    plan: CUTS,
  },
  {
    id: 'paid-invoices-stay-stored',
    class: 'concurrent-spends',
    incident: 'After a restart an invoice without an amount that was paid can be paid once more, for nothing.',
    file: 'payment/answering.ts',
    find: 'if (invoice !== undefined) writes.push(deleteInvoice(hash))',
    replace: 'if (invoice?.amountMsat !== undefined) writes.push(deleteInvoice(hash))',
  },
  {
    id: 'expired-htlcs-are-taken',
    class: 'missed-deadlines',
    incident: 'The preimage of an HTLC that is about to run out is released, and the payer takes the money back.',
    file: 'payment/receiving.ts',
    find: 'if (cltvExpiry < context.height + blocks) return refuse(wrongDetails(htlc, context))',
    replace: 'if (cltvExpiry < blocks) return refuse(wrongDetails(htlc, context))',
    plan: LATE_BLOCKS,
  },
  {
    id: 'the-invoice-says-how-much',
    class: 'invoice-amount',
    incident: 'The amount that the user names is ignored where the invoice has one.',
    file: 'payment/asking.ts',
    find: 'const amount = given ?? asked',
    replace: 'const amount = asked ?? given',
    needs: 'a user who pays more than an invoice asks for',
  },
  {
    id: 'spent-budgets-are-not-stored',
    class: 'powerful-tokens',
    incident: 'After a restart a token may spend again what it has spent with idempotency keys.',
    file: 'payment/attempts.ts',
    find: '  writes.push(...tokenWrites(next, terms.token))',
    replace: '  else writes.push(...tokenWrites(next, terms.token))',
    needs: 'payments under tokens with idempotency keys, and restarts',
  },

  // What the chain tells payments.
  {
    id: 'preimages-of-the-chain-are-not-told',
    class: 'failed-though-paid',
    incident:
      'A payment that its payee has claimed on chain stays in flight for ever, or another one ends in its place.',
    file: 'engine/linkEffects.ts',
    find: `if (offeredBy !== 'local') continue`,
    replace: "if (offeredBy === 'local') continue",
    plan: CLOSES,
  },
  {
    id: 'timeouts-of-the-chain-are-not-told',
    class: 'jamming',
    incident: 'A payment whose HTLC came back on chain stays in flight for ever.',
    file: 'engine/linkEffects.ts',
    find: `if (event.type === 'htlc_timed_out') {`,
    replace: `if (event.type === 'htlc_timed_out' && event.cause === 'no_output') {`,
    plan: CLOSES,
  },

  // Restarts.
  {
    id: 'channel-keys-are-used-again',
    class: 'races-at-open',
    incident: 'After a restart a new channel takes the keys and the place of the last one.',
    file: 'engine/links.ts',
    find: 'encode(u64Number, index + 1)',
    replace: 'encode(u64Number, index)',
    plan: CRASHES,
  },
  {
    id: 'idle-channels-are-not-watched-after-a-start',
    class: 'revoked-states',
    incident: 'After a restart nobody notices that the peer ends a quiet channel with an old state.',
    file: 'engine/load.ts',
    find: 'for (const outpoint of watched.values()) {',
    replace: `for (const outpoint of channel.state === 'normal' ? [] : watched.values()) {`,
    plan: CHEATS,
  },
  {
    id: 'blocks-while-away-are-read-blindly',
    class: 'crash-at-any-write',
    incident: 'What was spent of a closing channel while the node was down is never seen.',
    file: 'engine/blocks.ts',
    find: 'if (state?.watched.size === 0 && isFunded(state.channel)) stepLink(',
    replace: `if (state?.watched.size === 0 && isFunded(state.channel) && state.channel.state === 'normal') stepLink(`,
    plan: CRASHES,
  },
  {
    id: 'coins-of-dead-openings-stay-held',
    class: 'races-at-open',
    incident: 'After a crash in the middle of an opening its coins can never be spent.',
    file: 'engine/step.ts',
    find: `if (standing === 'held') stepWallet(`,
    replace: `if (standing === 'held' && work.state.charges.size > 0) stepWallet(`,
    plan: DYING_OPENERS,
  },

  // The driver, as the world has it.
  {
    id: 'goes-on-after-a-failed-write',
    class: 'after-a-failed-write',
    incident: 'A write fails, the process goes on as if it had been stored, and the next start knows nothing of it.',
    file: 'sim/node.ts',
    find: 'else this.#diskFailed()',
    replace: 'else this.#finish(turn)',
    plan: CRASHES,
  },
  {
    id: 'said-before-it-is-stored',
    class: 'crash-at-any-write',
    incident: 'Messages leave before what they promise is stored, and a crash between the two makes them a lie.',
    file: 'sim/node.ts',
    find: '    this.disk.write(writes, effects)\n',
    replace: '    this.disk.write(writes)\n    for (const effect of effects.splice(0)) this.#perform(effect)\n',
    plan: CRASHES,
  },

  // Peers.
  {
    id: 'openings-have-no-limit',
    class: 'unlimited-openings',
    incident: 'A stranger opens channels that it never funds, until the memory is full.',
    file: 'engine/accepting.ts',
    find: 'const unfunded = living.filter(({ state }) => isUnfunded(state))',
    replace:
      "const unfunded = living.filter(({ state }) => isUnfunded(state) && state.channel !== undefined && !('durable' in state.channel))",
    plan: MANY_OPENINGS,
  },
  {
    id: 'a-replaced-connection-stays-open',
    class: 'stale-connection',
    incident:
      'The older of two connections with a peer is left open beside the newer one, and more and more of them pile up.',
    file: 'peer/connection.ts',
    find: 'input, [close, ...downOf(line)], context)',
    replace: 'input, [...downOf(line)], context)',
    plan: TWO_CONNECTIONS,
  },
  {
    id: 'late-words-of-a-replaced-connection',
    class: 'stale-connection',
    incident: 'What still comes over a connection that was replaced is taken for a part of the new one.',
    file: 'peer/received.ts',
    find: `if (line.type === 'none' || line.connection !== connection) return unchanged(state)`,
    replace: "if (line.type === 'none' || line.connection < connection) return unchanged(state)",
    plan: TWO_CONNECTIONS,
  },
]
