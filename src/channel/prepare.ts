import { type CommitmentKeys, deriveCommitmentKeys } from '../commitment/index.ts'
import { commitmentPoint } from '../keys/index.ts'
import type { ChannelContext, FundedChannel } from './types.ts'

/**
 * Derives what the next commitments of both sides take, as far as it is known already: the steps that sign and check them find it
 * done. Changes nothing that anybody could see. Cost: up to eleven point multiplications, none when all is there.
 */
export function prepareCommitments({ durable }: FundedChannel, { secrets }: Pick<ChannelContext, 'secrets'>): void {
  const { params, localCommit, remoteCommit, htlcs } = durable
  const [local, remote] = [params.local.basepoints, params.remote.basepoints]
  const next = localCommit.number + 1
  const prepared = [
    deriveCommitmentKeys({ holder: local, counterparty: remote, perCommitmentPoint: commitmentPoint(secrets, next) }),
  ]
  // The one that is promised when the next one comes.
  commitmentPoint(secrets, next + 1)
  const { nextPoint } = remoteCommit
  if (nextPoint !== undefined) {
    prepared.push(deriveCommitmentKeys({ holder: remote, counterparty: local, perCommitmentPoint: nextPoint }))
  }
  // Where all that there are end, the next commitments have none.
  const willHold = htlcs.length === 0 || htlcs.some(({ resolution }) => resolution === undefined)
  if (willHold) prepared.forEach(withHtlcKeys)
}

/** They are derived when they are asked for. */
function withHtlcKeys({ holderHtlcPubkey, counterpartyHtlcPubkey }: CommitmentKeys): readonly Uint8Array[] {
  return [holderHtlcPubkey, counterpartyHtlcPubkey]
}
