import { bytesEqual } from '../../base/index.ts'
import { isPublicKey, isSecretKey, publicKeyFromSecret } from '../../crypto/index.ts'
import { insertSecret, secretIndex } from '../../keys/index.ts'
import type { RevokeAndAck } from '../../wire/index.ts'
import { commitmentContents } from '../contents.ts'
import { dustExposureMsat, isDust } from '../cost.ts'
import { closeConnection, done, failChannel, type Outcome } from '../outcome.ts'
import type { ChannelContext, ChannelDurable, ChannelEffect, FundedChannel, Htlc } from '../types.ts'
import { afterRevoke } from '../updates.ts'
import { advance } from './advance.ts'
import { withDurable } from './withDurable.ts'

const SECTION = 'BOLT 2, revoke_and_ack, receiver'

/** revoke_and_ack, received: the peer's previous commitment is worthless to it from now on. Cost: at most 48 hashes. */
export function revokeAndAck(channel: FundedChannel, message: RevokeAndAck, context: ChannelContext): Outcome {
  const { durable } = channel
  const { remoteCommit } = durable
  const { number, point, nextPoint, awaitingRevocation } = remoteCommit
  if (awaitingRevocation === undefined || nextPoint === undefined) {
    return failChannel({
      code: 'unexpected_revocation',
      expected: 'revoke_and_ack only in answer to a commitment_signed',
      got: 'one that nothing asked for',
      section: SECTION,
    })
  }
  const secret = message.perCommitmentSecret
  if (!isSecretKey(secret) || !bytesEqual(publicKeyFromSecret(secret), point)) {
    return failChannel({
      code: 'wrong_revocation_secret',
      expected: `the per_commitment_secret of commitment ${number}`,
      got: 'one of another point',
      section: SECTION,
    })
  }
  const inserted = insertSecret(durable.remoteSecrets, secretIndex(number), secret)
  if (!inserted.ok) {
    return failChannel({
      code: 'underived_revocation_secret',
      expected: 'a secret from which the earlier ones derive',
      got: `a secret for commitment ${number} that does not fit them`,
      section: 'BOLT 3, efficient per-commitment secret storage',
    })
  }
  if (!isPublicKey(message.nextPerCommitmentPoint)) {
    return closeConnection({
      code: 'invalid_point',
      expected: 'a next_per_commitment_point of the curve',
      got: 'other bytes',
      section: SECTION,
    })
  }
  const advanced = advance(durable, afterRevoke, 'remote')
  const next: ChannelDurable = {
    ...advanced.durable,
    remoteCommit: { number: number + 1, point: nextPoint, nextPoint: message.nextPerCommitmentPoint },
    remoteSecrets: inserted.value,
  }
  return done(withDurable(channel, next), [...advanced.effects, ...receivedEvents(next, advanced.received, context)])
}

/** Says that HTLCs of the peer may be resolved, and which are dust beyond what we bear (BOLT 2, dust exposure). */
export function receivedEvents(
  durable: ChannelDurable,
  received: readonly Htlc[],
  { limits }: ChannelContext,
): readonly ChannelEffect[] {
  if (received.length === 0) return []
  const { params } = durable
  const full = (['local', 'remote'] as const).flatMap(holder => {
    const contents = commitmentContents(durable, holder, 'latest')
    const isFull = dustExposureMsat(params, holder, contents) > limits.maxDustHtlcExposureMsat
    return isFull ? [{ holder, feeratePerKw: contents.feeratePerKw }] : []
  })
  return received.map(htlc => {
    const overDustExposure = full.some(({ holder, feeratePerKw }) => isDust(params, holder, feeratePerKw, htlc))
    return { type: 'event', event: { type: 'htlc_received', htlc, overDustExposure } }
  })
}
