import { type Codec, channelIdFromOutPoint, defined, type FeeratePerKw, fixedBytes, struct } from '../base/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'
import { type ChannelBasepoints, lookupSecret, secretIndex } from '../keys/index.ts'
import { feeratePerKwCodec } from '../wire/index.ts'
import { agreedFields, basepoints, termFields } from './codec/v1.ts'
import { complete } from './complete.ts'
import { firstDurable } from './handlers/firstCommitment.ts'
import { toLostData } from './handlers/lostData.ts'
import { NO_FEATURES } from './noFeatures.ts'
import type { ChannelDurable, ChannelParams, ChannelStep, FundedChannel, PartyTerms } from './types.ts'

// The few bytes of a channel that never change, from which a node that has nothing left but its seed asks its peer to end it.

type AgreedParams = Omit<ChannelParams, 'channelId' | 'temporaryChannelId' | 'local' | 'remote'>

/** A channel as it was opened. What follows from the seed, or from the funding, is left out. */
export interface ChannelSketch extends AgreedParams {
  readonly local: Omit<PartyTerms, 'basepoints'>
  readonly remote: Omit<PartyTerms, 'basepoints'>
  readonly remoteBasepoints: ChannelBasepoints
  /** 33 bytes: the peer's per-commitment point of commitment 0. */
  readonly firstPoint: Uint8Array
  readonly feeratePerKw: FeeratePerKw
}

/** Its stored form, some 350 bytes. What holds it says which version it is of. */
export const channelSketch: Codec<ChannelSketch> = struct({
  ...agreedFields,
  local: struct(termFields),
  remote: struct(termFields),
  remoteBasepoints: basepoints,
  firstPoint: fixedBytes(33),
  feeratePerKw: feeratePerKwCodec,
})

/** Cost: one point of the curve, once for each channel. */
export function sketchOf(durable: ChannelDurable): ChannelSketch {
  const { params, feeratePerKw } = durable
  const { channelId: _id, temporaryChannelId: _temporary, local, remote, ...agreed } = params
  const { basepoints: _ours, ...localTerms } = local
  const { basepoints: remoteBasepoints, ...remoteTerms } = remote
  return {
    ...agreed,
    local: localTerms,
    remote: remoteTerms,
    remoteBasepoints,
    firstPoint: firstPointOf(durable),
    feeratePerKw,
  }
}

/** By what a channel never changes: a list is made anew far more often than that. */
const firstPoints = new WeakMap<ChannelParams, Uint8Array>()

function firstPointOf({ params, remoteCommit, remoteSecrets }: ChannelDurable): Uint8Array {
  if (remoteCommit.number === 0) return remoteCommit.point
  const known = firstPoints.get(params)
  if (known !== undefined) return known
  const secret = lookupSecret(remoteSecrets, secretIndex(0))
  const point = publicKeyFromSecret(defined(secret, 'commitment 0 is revoked, so its secret is known'))
  firstPoints.set(params, point)
  return point
}

/**
 * The channel of a sketch: as it was opened, and known to be old, so that it signs nothing any more, publishes no commitment of its own, and
 * asks its peer to close. `localBasepoints`: of the seed and the key index that the sketch names.
 */
export function recallChannel(sketch: ChannelSketch, localBasepoints: ChannelBasepoints, reason: string): ChannelStep {
  const { local, remote, remoteBasepoints, firstPoint, feeratePerKw, ...agreed } = sketch
  const channelId = channelIdFromOutPoint(agreed.fundingOutpoint)
  const params: ChannelParams = {
    ...agreed,
    channelId,
    temporaryChannelId: channelId,
    local: { ...local, basepoints: localBasepoints },
    remote: { ...remote, basepoints: remoteBasepoints },
  }
  const durable: ChannelDurable = {
    ...firstDurable({
      params,
      phase: { type: 'normal' },
      feeratePerKw,
      // Never published, so that nobody asks for it.
      signature: new Uint8Array(SIGNATURE_BYTES),
      remotePoint: firstPoint,
    }),
    // Or it would be taken for one that was never funded, and be forgotten.
    ready: { local: true, remote: true },
  }
  const session = { connection: 'disconnected', negotiated: NO_FEATURES } as const
  const recalled: FundedChannel = { state: 'normal', durable, session }
  return complete(undefined, { next: toLostData(recalled, reason), effects: [] })
}

const SIGNATURE_BYTES = 64
