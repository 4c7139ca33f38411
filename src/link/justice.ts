import { array, type Codec, type FeeratePerKw, struct, type Txid, u16, u64Number } from '../base/index.ts'
import {
  type CommitmentContents,
  commitmentContents,
  commitmentInput,
  type FundedChannel,
  type StandingHtlc,
} from '../channel/index.ts'
import { buildCommitmentTx } from '../commitment/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'
import { lookupSecret, secretIndex } from '../keys/index.ts'
import { channelHtlc, type Justice, justiceFor } from '../onchain/index.ts'
import { feeratePerKwCodec, millisatoshis } from '../wire/index.ts'
import { secretsOf } from './secrets.ts'
import type { LinkState } from './types.ts'
import { channelView } from './view.ts'

// What a watchtower is given: for each commitment of the peer's that is revoked, the transactions that punish it.

/** A commitment of the peer's, in the moment in which it was revoked: enough to build it again. Some 30 bytes, and 60 for each HTLC. */
export interface RevokedState {
  readonly number: number
  readonly contents: CommitmentContents<StandingHtlc>
}

export const revokedState: Codec<RevokedState> = struct({
  number: u64Number,
  contents: struct({
    feeratePerKw: feeratePerKwCodec,
    toLocalMsat: millisatoshis,
    toRemoteMsat: millisatoshis,
    htlcs: array(u16, channelHtlc),
  }),
})

/** Of a step: the commitment that the peer has revoked in it, if it has. Cost: one pass over the live HTLCs, where it has. */
export function revokedIn(before: LinkState, next: LinkState): RevokedState | undefined {
  const [was, is] = [durableOf(before), durableOf(next)]
  if (was === undefined || is === undefined) return undefined
  const { number } = was.remoteCommit
  return is.remoteCommit.number === number
    ? undefined
    : { number, contents: commitmentContents(was, 'remote', 'previous') }
}

function durableOf({ channel }: LinkState): FundedChannel['durable'] | undefined {
  return channel !== undefined && 'durable' in channel ? channel.durable : undefined
}

interface LinkJustice {
  /** Of the commitment: by it the cheat is known. */
  readonly txid: Txid
  readonly outputs: readonly Justice[]
}

/** Nothing where the secret of that commitment was never revealed. Cost: see `justiceFor`. */
export function linkJustice(
  state: LinkState,
  { number, contents }: RevokedState,
  terms: {
    /** As in `LinkContext`. */
    readonly seed: Uint8Array
    readonly channelKeyIndex: number
    readonly destinationScript: Uint8Array
    readonly feerates: readonly FeeratePerKw[]
  },
): LinkJustice | undefined {
  const { channel } = state
  if (channel === undefined || !('durable' in channel)) return undefined
  const secret = lookupSecret(channel.durable.remoteSecrets, secretIndex(number))
  if (secret === undefined) return undefined
  const point = publicKeyFromSecret(secret)
  const { tx, txid } = buildCommitmentTx(
    commitmentInput(channel.durable, contents, { holder: 'remote', number, point }),
  )
  const secrets = secretsOf(terms.seed, terms.channelKeyIndex)
  const { destinationScript, feerates } = terms
  const view = channelView(channel, secrets)
  return {
    txid,
    outputs: justiceFor({ tx, number, htlcs: contents.htlcs }, { view, secrets, destinationScript, feerates }),
  }
}
