import type { Mutant } from './mutant.ts'

// Faults in the channel machine: the dance of commitments and revocations, what is said again after a cut, what is stored, and the
// arithmetic.

const HANDLERS = 'channel/handlers'

export const CHANNEL_MUTANTS: readonly Mutant[] = [
  // The dance.
  {
    id: 'sign-while-a-revocation-is-awaited',
    class: 'signed-twice',
    incident: 'Two different commitments of the peer have one number, and it may choose which one to publish.',
    file: `${HANDLERS}/commit.ts`,
    find: 'const may = mayUpdate(channel) && remoteCommit.awaitingRevocation === undefined',
    replace: 'const may = mayUpdate(channel)',
  },
  {
    id: 'revocation-first-always',
    class: 'crash-at-any-write',
    incident: 'After a cut both messages come again in the wrong order, no signature fits, and the channel is stuck.',
    file: `${HANDLERS}/reestablish.ts`,
    find: `durable.lastSent === 'revoke_and_ack' ? [...commitment, ...revocation] : [...revocation, ...commitment]`,
    replace: '[...revocation, ...commitment]',
  },
  {
    id: 'signing-is-not-noted-as-last',
    class: 'crash-at-any-write',
    incident: 'A commitment_signed that followed a revocation is sent again before it, and the channel is stuck.',
    file: `${HANDLERS}/commit.ts`,
    find: `lastSent: 'commitment_signed',`,
    replace: 'lastSent: durable.lastSent,',
  },
  {
    id: 'htlc-signatures-are-not-checked',
    class: 'wrong-signatures',
    incident: 'Of the HTLCs that the peer offers nobody checks the signature, and those cannot be claimed on chain.',
    file: `${HANDLERS}/commitmentSigned.ts`,
    find: 'if (signature === undefined || !verifyHtlcSignature(htlcTx, signature, counterpartyHtlcPubkey)) {',
    replace:
      "if (signature === undefined || (htlcTx.type === 'htlc_timeout' && !verifyHtlcSignature(htlcTx, signature, counterpartyHtlcPubkey))) {",
    needs: 'an HTLC signature with a bit flipped, and our close while it stands, or a rule that checks what is stored',
  },
  {
    id: 'revocation-secret-is-not-compared',
    class: 'wrong-signatures',
    incident: 'The peer revokes with any secret, and its old states can never be punished.',
    file: `${HANDLERS}/revokeAndAck.ts`,
    find: 'if (!isSecretKey(secret) || !bytesEqual(publicKeyFromSecret(secret), point)) {',
    replace: 'if (!isSecretKey(secret) && !bytesEqual(publicKeyFromSecret(secret), point)) {',
    needs:
      'a revoke_and_ack with a bit of its secret flipped, and a rule that compares what is stored with the point that was promised',
  },
  {
    id: 'preimage-is-not-checked',
    class: 'reachable-asserts',
    incident: 'A peer that sends a wrong preimage ends our process, again after each start.',
    file: `${HANDLERS}/removeHtlc.ts`,
    find: `if (resolution.type === 'fulfill' && !isPreimage(resolution.paymentPreimage, htlc)) {`,
    replace:
      "if (resolution.type === 'fulfill' && htlc.offeredBy === 'remote' && !isPreimage(resolution.paymentPreimage, htlc)) {",
    needs: 'an update_fulfill_htlc with a bit of its preimage flipped',
  },

  // After a cut.
  {
    id: 'ids-of-the-peer-are-not-taken-back',
    class: 'mass-closes',
    incident: 'HTLCs that a cut has undone leave a gap in the ids, and each new offer of the peer ends the connection.',
    file: `${HANDLERS}/uncommitted.ts`,
    find: `remote: durable.nextHtlcId.remote - droppedBy('remote'),`,
    replace: 'remote: durable.nextHtlcId.remote,',
  },
  {
    id: 'removals-are-not-taken-back',
    class: 'crash-at-any-write',
    incident: 'A decision of ours that a cut has undone counts as sent, so that its HTLC never ends off the chain.',
    file: `${HANDLERS}/uncommitted.ts`,
    find: '(isRemovalProposed(htlc) ? withoutRemoval(htlc) : htlc)',
    replace: "(isRemovalProposed(htlc) && htlc.offeredBy === 'local' ? withoutRemoval(htlc) : htlc)",
  },
  {
    id: 'removals-are-not-sent-again',
    class: 'mass-closes',
    incident: 'A failure that was decided while the peer was away is never said, and a deadline closes the channel.',
    file: `${HANDLERS}/reestablish.ts`,
    find: 'const [next, resolutions] = sendResolutions(connectedChannel)',
    replace:
      "const [next, resolutions] = durable.htlcs.some(({ resolution }) => resolution?.type === 'fulfill') ? sendResolutions(connectedChannel) : [connectedChannel, []]",
  },
  {
    id: 'shutdown-is-not-said-again',
    class: 'mass-closes',
    incident: 'A close that a cut interrupts never goes on, and only force is left.',
    file: `${HANDLERS}/reestablish.ts`,
    find: '...shutdownAgain(durable),',
    replace: '...(durable.shutdown.remote === undefined ? shutdownAgain(durable) : []),',
  },
  {
    id: 'channel-ready-is-not-said-again',
    class: 'races-at-open',
    incident: 'A channel whose channel_ready was lost in a cut can never be used.',
    file: `${HANDLERS}/reestablish.ts`,
    find: 'if (!atStart || !durable.ready.local) return []',
    replace: 'if (!atStart || !durable.ready.local || durable.ready.remote) return []',
  },
  {
    id: 'updates-stop-at-shutdown',
    class: 'mass-closes',
    incident: 'HTLCs that are in flight when a close begins are never resolved off the chain.',
    file: `${HANDLERS}/mayUpdate.ts`,
    find: `const open = state === 'normal' || state === 'shutting_down'`,
    replace: `const open = state === 'normal'`,
  },
  {
    id: 'closes-over-htlcs',
    class: 'mass-closes',
    incident: 'The closing transaction is agreed on while HTLCs are in flight, and their receivers get nothing.',
    file: 'channel/closing.ts',
    find: 'durable.htlcs.length === 0 &&',
    replace: 'durable.htlcs.every(htlc => htlc.removed !== undefined) &&',
  },
  {
    id: 'offers-outlive-the-close',
    class: 'jamming',
    incident: 'An HTLC that no commitment holds when its channel closes stays in flight for ever.',
    file: 'channel/complete.ts',
    find: "(next.state !== 'closing' && next.state !== 'closed')",
    replace: "next.state !== 'closed'",
  },

  // What is stored.
  {
    id: 'signing-is-not-stored',
    class: 'signed-twice',
    incident: 'After a crash we forget that we signed, and sign another commitment with the same number.',
    file: 'channel/codec/records.ts',
    find: 'if (old?.remoteCommit !== durable.remoteCommit)',
    replace: 'if (old?.remoteCommit.number !== durable.remoteCommit.number)',
  },
  {
    id: 'readiness-is-not-stored',
    class: 'crash-at-any-write',
    incident: 'After a restart a channel that was ready waits for a channel_ready that nobody sends again.',
    file: 'channel/codec/records.ts',
    find: '    old.ready !== next.ready ||\n',
    replace: '',
  },
  {
    id: 'ended-htlcs-stay-stored',
    class: 'crash-at-any-write',
    incident:
      'Another key is deleted, the store holds more HTLCs than the channel, and the node does not start any more.',
    file: 'channel/codec/records.ts',
    find: "[{ type: 'delete', key: `htlc/",
    replace: "[{ type: 'delete', key: `htlcs/",
  },
  {
    id: 'ended-htlcs-are-not-archived',
    class: 'revoked-states',
    incident: 'The HTLCs that the cheat offered in a revoked state are not recognised, and it keeps them.',
    file: 'channel/codec/records.ts',
    find: '` }, ...archive(htlc)]',
    replace: "` }, ...(htlc.offeredBy === 'local' ? archive(htlc) : [])]",
    needs: 'a rule that asks for every output of a revoked commitment',
  },
  {
    id: 'archive-misses-the-first-commitment',
    class: 'revoked-states',
    incident: 'An HTLC is not punished on the first revoked state that held it.',
    file: 'channel/codec/records.ts',
    find: 'htlc.remoteFrom <= commitmentNumber && commitmentNumber < htlc.remoteUntil',
    replace: 'htlc.remoteFrom < commitmentNumber && commitmentNumber < htlc.remoteUntil',
    needs: 'a rule that asks for every output of a revoked commitment',
  },
  {
    id: 'one-state-behind-is-not-behind',
    class: 'old-database',
    incident: 'A copy that lacks one commitment takes the peer for wrong, and publishes a revoked state.',
    file: `${HANDLERS}/reestablish.ts`,
    find: 'if (next <= durable.localCommit.number || next > 2 ** 48 - 1) return undefined',
    replace: 'if (next <= durable.localCommit.number + 1 || next > 2 ** 48 - 1) return undefined',
    needs: 'an old image of the store, one commitment old, and a rule that nobody publishes what they have revoked',
  },

  // Deadlines.
  {
    id: 'fulfilled-htlcs-wait-until-they-expire',
    class: 'missed-deadlines',
    incident: 'We go on chain with a preimage when its HTLC has run out already, and the payer takes it back.',
    file: `${HANDLERS}/block.ts`,
    find: 'htlc.cltvExpiry - limits.fulfillDeadlineBlocks',
    replace: 'htlc.cltvExpiry + limits.fulfillDeadlineBlocks',
    needs:
      'a payer that keeps its signature or revocation back until the expiry, or a rule that looks at HTLCs that are overdue',
  },
  {
    id: 'offered-htlcs-never-run-out',
    class: 'jamming',
    incident: 'A peer that never answers holds our money for as long as it likes.',
    file: `${HANDLERS}/block.ts`,
    find: ': htlc.cltvExpiry + limits.timeoutGraceBlocks',
    replace: ': htlc.cltvExpiry + limits.maxCltvExpiryDelta',
    needs:
      'a payee that keeps its fulfil or fail back beyond the expiry, and a rule that looks at HTLCs that are overdue',
  },

  // Arithmetic and bounds.
  {
    id: 'dust-is-not-counted',
    class: 'dust-exposure',
    incident: 'A peer fills the channel with dust and closes it, and all of that goes to miners.',
    file: 'channel/cost.ts',
    find: 'return msat(dustSum(params, holder, contents).dustMsat)',
    replace: 'return msat(dustSum(params, holder, contents).dustMsat / 1000n)',
    needs: 'dust beyond the limit in flight at once, and a rule that adds it up',
  },
  {
    id: 'the-wrong-side-is-asked-for-the-fee',
    class: 'reserve-and-dust',
    incident: 'Whether an offer can be paid for is asked of the wrong side, and the opener spends what its fee takes.',
    file: 'channel/cost.ts',
    find: "return (party === 'local') === (params.role === 'opener')",
    replace: "return (party === 'remote') === (params.role === 'opener')",
    needs: 'an opener that spends down to its reserve',
  },
  {
    id: 'funding-is-taken-on-trust',
    class: 'funding-not-checked',
    incident: 'The opener funds less than it said, and spends what was never there.',
    file: `${HANDLERS}/fundingDepth.ts`,
    find: 'if (output?.amountSat === wanted.amountSat && bytesEqual(output.script, wanted.script)) return undefined',
    replace: 'if (output !== undefined && bytesEqual(output.script, wanted.script)) return undefined',
    needs: 'a hostile opener whose funding output holds less than it said',
  },
]
