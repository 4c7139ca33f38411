import type { Mutant } from './mutant.ts'
import {
  CLOSES,
  ENDS_IN_FLIGHT,
  EXITS,
  EXITS_WITHOUT_ANCHORS,
  FEES,
  FEW_EXITS,
  OLD_IMAGES,
  OPENINGS,
  REORGS,
  SILENCE,
  UNDONE_CLOSES,
} from './worlds.ts'

// Faults in what happens on the chain: enforcement, the link that feeds it, and the wallet.

export const CHAIN_MUTANTS: readonly Mutant[] = [
  // Penalties.
  {
    id: 'htlcs-are-not-punished',
    class: 'revoked-states',
    incident: 'The HTLC outputs of a revoked state wait for their expiry, while the cheat is at work on them.',
    file: 'onchain/spendPaths.ts',
    find: `return [...penaltyPaths(table, output, 'htlc_revoked'), own]`,
    replace: `return [own]`,
    plan: EXITS,
  },
  {
    id: 'second-stages-are-not-punished',
    class: 'revoked-states',
    incident: 'A cheat who is fast with its HTLC transactions keeps what they pay.',
    file: 'onchain/spendPaths.ts',
    find: 'return penaltyPaths(table, output, `',
    replace: "return output.kind === 'second_stage' ? [] : penaltyPaths(table, output, `",
    plan: EXITS,
  },
  {
    id: 'revoked-delay-of-the-wrong-side',
    class: 'revoked-states',
    incident: 'The main output of a revoked state is not recognised where the two sides have different delays.',
    file: 'onchain/situation.ts',
    find: 'const delayed = delayedScriptOf(keys, local.toSelfDelay)',
    replace: 'const delayed = delayedScriptOf(keys, remote.toSelfDelay)',
    needs: 'sides with different delays, and a rule that asks for every output of a revoked commitment',
  },
  {
    id: 'old-secrets-are-looked-up-wrong',
    class: 'revoked-states',
    incident: 'Only the newest revoked state can be punished: for older ones the wrong secret is found.',
    file: 'keys/shachain.ts',
    find: 'if (index - (index % 2 ** slot) === known.index) return deriveSecret(known.secret, slot, index)',
    replace: 'if (index >= known.index) return deriveSecret(known.secret, slot, index)',
    needs: 'a rule that asks for every output of a revoked commitment',
  },

  // Which commitment, which HTLC.
  {
    id: 'older-valid-commitment-is-forgotten',
    class: 'revoked-states',
    incident:
      'While a revocation is awaited the older of two valid commitments is taken for a future one, and its HTLCs are given up.',
    file: 'onchain/situation.ts',
    find: "{ name: 'remote', ...view.remoteCommit }",
    replace: "{ name: 'remote', ...(view.remoteNext ?? view.remoteCommit) }",
    plan: EXITS,
  },
  {
    id: 'preimages-of-claims-are-overlooked',
    class: 'preimages-in-one-place',
    incident: 'The payee takes an HTLC by HTLC-success on its own commitment, and the payment counts as failed.',
    file: 'onchain/preimages.ts',
    find: 'for (const item of input.witness) {',
    replace: 'for (const item of input.witness.slice(1, 2)) {',
    plan: CLOSES,
  },
  {
    id: 'htlcs-by-id-alone',
    class: 'matched-by-hash',
    incident: 'Of two HTLCs with one id in both directions only one is seen to.',
    file: 'onchain/preimages.ts',
    find: 'export function htlcKey({ offeredBy, id }: HtlcRef): string {',
    replace: "export function htlcKey({ id }: HtlcRef): string {\n  const offeredBy = 'htlc'",
    plan: ENDS_IN_FLIGHT,
  },
  {
    id: 'htlc-signatures-by-hash-and-amount',
    class: 'matched-by-hash',
    incident: 'Two HTLCs of one hash and amount get the signature of the first, and the other cannot be claimed.',
    file: 'onchain/spendPaths.ts',
    find: '(commitment.built?.htlcs.indexOf(placed) ?? -1)',
    replace:
      '(commitment.built?.htlcs.findIndex(other => other.htlc.paymentHash === htlc.paymentHash && other.amountSat === placed.amountSat) ?? -1)',
    plan: FEW_EXITS,
  },
  {
    id: 'trimmed-one-too-early',
    class: 'reserve-and-dust',
    incident: 'An HTLC of exactly the dust limit has no output, so that it is lost in a close.',
    file: 'commitment/commitmentTx.ts',
    find: '(htlc.amountMsat < limits[htlc.direction] ? trimmedHtlcs : kept)',
    replace: '(htlc.amountMsat <= limits[htlc.direction] ? trimmedHtlcs : kept)',
    needs: 'an HTLC of exactly the dust limit, judged by a rule of its own',
  },

  // When.
  {
    id: 'timeouts-one-block-early',
    class: 'missed-deadlines',
    incident: 'The claim of an expired HTLC is published one block too early, and refused.',
    file: 'onchain/spendPaths.ts',
    find: 'const earliestHeight = Math.max(parent + csv, cltv === 0 ? 0 : cltv + 1)',
    replace: 'const earliestHeight = Math.max(parent + csv, cltv)',
    plan: SILENCE,
  },
  {
    id: 'idle-with-htlcs',
    class: 'missed-deadlines',
    incident: 'Blocks are not told to channels with HTLCs, and no deadline is ever looked at.',
    file: 'link/standing.ts',
    find: 'if (channel.durable.htlcs.length > 0) return false',
    replace: `if (channel.durable.htlcs.some(htlc => htlc.added !== 'irrevocable')) return false`,
    plan: SILENCE,
  },
  {
    id: 'resolved-with-the-commitment',
    class: 'mass-closes',
    incident: 'A channel counts as closed before our delay has run out, and its money is left lying there.',
    file: 'onchain/conditions.ts',
    find: 'return commitment.outputs.every(output => isOutputResolved(',
    replace: 'return commitment.outputs.some(output => isOutputResolved(',
    plan: CLOSES,
  },

  // Claims.
  {
    id: 'a-batch-stands-with-any-input',
    class: 'claims-not-split',
    incident: 'When the cheat takes one output of a batch, the others are never claimed again.',
    file: 'onchain/plan.ts',
    find: 'return claim.tx.inputs.every(({ outpoint }) => {',
    replace: 'return claim.tx.inputs.some(({ outpoint }) => {',
    plan: EXITS_WITHOUT_ANCHORS,
  },
  {
    id: 'claims-are-published-once',
    class: 'reorgs',
    incident: 'A claim that a reorganisation has made too young for the mempools is never published again.',
    file: 'onchain/step.ts',
    find: 'const due = isAgain ? plan.active : plan.fresh',
    replace: 'const due = isAgain && plan.fresh.length > 0 ? plan.active : plan.fresh',
    plan: UNDONE_CLOSES,
  },
  {
    id: 'one-fee-coin-for-many',
    class: 'claims-not-split',
    incident: 'Two HTLC transactions are paid from one coin, so that only one of them can confirm.',
    file: 'onchain/secondStages.ts',
    find: 'for (const coin of made.claim.feeCoins) taken.add(outPointKey(coin.outpoint))',
    replace: '',
    plan: CLOSES,
  },

  // Fees.
  {
    id: 'sweeps-keep-their-first-fee',
    class: 'fee-spikes',
    incident:
      'A sweep that was made before a rush waits until the rush is over, however long the cheat has waited by then.',
    file: 'onchain/raise.ts',
    find: 'if (fee < replacementFee(paidSat, weight)) return undefined',
    replace: 'if (fee >= 0n) return undefined',
    plan: FEES,
  },
  {
    id: 'bids-fall-with-the-market',
    class: 'fee-restarted',
    incident: 'A claim is made anew for less than it offered before, so that no node takes it.',
    file: 'onchain/raise.ts',
    find: 'if (fee < replacementFee(paidSat, weight)) return undefined',
    replace: 'if (fee === paidSat) return undefined',
    plan: FEES,
  },

  // Reorganisations.
  {
    id: 'a-reorg-takes-one-block-more',
    class: 'reorgs',
    incident: 'What the last common block said is forgotten, and never told again.',
    file: 'onchain/absorb.ts',
    find: 'facts.transactions.filter(({ height }) => height <= input.height)',
    replace: 'facts.transactions.filter(({ height }) => height < input.height)',
    plan: REORGS,
  },
  {
    id: 'undone-funding-stays-stored',
    class: 'reorgs',
    incident: 'After a reorg and a restart an unconfirmed funding counts as deep, and the channel as ready.',
    file: 'link/funding.ts',
    find: `[{ type: 'delete', key: FUNDING_KEY }]`,
    replace: `[{ type: 'delete', key: prefix + FUNDING_KEY }]`,
    plan: REORGS,
  },
  {
    id: 'coins-of-an-undone-block-stay',
    class: 'reorgs',
    incident: 'The wallet counts and spends a coin that is on no chain any more.',
    file: 'wallet/blocks.ts',
    find: 'if (coin.height >= height) continue',
    replace: 'if (coin.height > height) continue',
    plan: REORGS,
  },

  // Loading an old copy. What is known to be old is kept back in two places: its cause allows no commitment, and of an old copy no
  // commitment of ours counts as valid. Either alone is enough, so the fault is that such a close is one like any other.
  {
    id: 'publishes-after-data-loss',
    class: 'old-database',
    incident: 'A node that knows its copy to be old publishes its commitment all the same, and loses everything.',
    file: 'channel/handlers/lostData.ts',
    find: "const cause = { kind: 'data_loss', reason: boundedReason(reason), mayPublishCommitment: false } as const",
    replace:
      "const cause = { kind: 'protocol_failure', reason: boundedReason(reason), mayPublishCommitment: true } as const",
    plan: OLD_IMAGES,
  },

  // The wallet.
  {
    id: 'coins-held-for-a-funding-are-free',
    class: 'races-at-open',
    incident: 'Two channels are funded from one coin, and one of them never comes to be.',
    file: 'wallet/coins.ts',
    find: `if (spender !== undefined) return { type: 'locked', reason: spender.purpose }`,
    replace: `if (spender !== undefined && spender.purpose !== 'funding') return { type: 'locked', reason: spender.purpose }`,
    plan: OPENINGS,
  },
  {
    id: 'beaten-transactions-are-not-noted',
    class: 'check-then-act',
    incident: 'A coin stays locked for ever by a transaction of ours that another one has beaten.',
    file: 'wallet/blocks.ts',
    find: 'else if (own.conflict === undefined) transactions.set(id, { ...own, conflict: seen })',
    replace: 'else if (own.conflict !== undefined) transactions.set(id, { ...own, conflict: seen })',
    plan: CLOSES,
  },
]
