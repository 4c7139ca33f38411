import { add, pmapSet, pmapValues, type Sat, sat, satToMsat, subtract } from '../base/index.ts'
import { type Channel, type ChannelParams, commitmentInput } from '../channel/index.ts'
import { buildCommitmentTx, signCommitment } from '../commitment/index.ts'
import { deriveChannelSecrets } from '../keys/index.ts'
import type { RegtestChain } from '../regtest/index.ts'
import { decodeMessage, encodeMessage } from '../wire/index.ts'
import type { SimNode } from './node.ts'

// The lie of an opener: it speaks of more than its funding transaction pays, and signs for what it said. Nobody can tell until the
// transaction is there to be looked at (BOLT 2, channel_ready, sender).

type Opening = Extract<Channel, { readonly state: 'wait_for_funding_signed' }>

/** The openings of one node that are lies. */
export class ShortFundings {
  readonly #node: SimNode
  /** Each for the next opening that there is. */
  #next: Sat[] = []
  /** By temporary channel id: how much is missing. */
  readonly #missing = new Map<string, Sat>()

  constructor(node: SimNode) {
    this.#node = node
  }

  /** The next opening says so many satoshis more than it pays. */
  add(missingSat: number): void {
    this.#next.push(sat(BigInt(missingSat)))
  }

  /** What leaves instead of this message. */
  outgoing(bytes: Uint8Array): Uint8Array {
    if (this.#next.length === 0 && this.#missing.size === 0) return bytes
    const decoded = decodeMessage(bytes)
    if (!decoded.ok) return bytes
    const message = decoded.value
    if (message.type === 'open_channel') {
      const missing = this.#next.shift()
      if (missing === undefined) return bytes
      this.#missing.set(message.temporaryChannelId, missing)
      return encodeMessage({ ...message, fundingSatoshis: add(message.fundingSatoshis, missing) })
    }
    if (message.type !== 'funding_created') return bytes
    const missing = this.#missing.get(message.temporaryChannelId)
    this.#missing.delete(message.temporaryChannelId)
    const opening = missing && this.#believe(message.temporaryChannelId, missing)
    return opening === undefined ? bytes : encodeMessage({ ...message, signature: this.#signatureFor(opening) })
  }

  /** From here on the node takes its own words for true: what it signs, and what it is signed, is for what it said. */
  #believe(temporaryChannelId: string, missing: Sat): Opening | undefined {
    const { state } = this.#node
    for (const link of pmapValues(state.links)) {
      const { channel } = link.state
      if (channel?.state !== 'wait_for_funding_signed' || channel.temporaryChannelId !== temporaryChannelId) continue
      const opening = { ...channel, fundingAmountSat: add(channel.fundingAmountSat, missing) }
      const next = { ...link, state: { ...link.state, channel: opening } }
      this.#node.state = { ...state, links: pmapSet(state.links, `${link.index}`, next) }
      return opening
    }
    return undefined
  }

  #signatureFor(opening: Opening): Uint8Array {
    const { fundingAmountSat, pushMsat, feeratePerKw, remoteFirstPoint, channelKeyIndex } = opening
    const toLocalMsat = subtract(satToMsat(fundingAmountSat), pushMsat)
    const contents = { feeratePerKw, toLocalMsat, toRemoteMsat: pushMsat, htlcs: [] }
    const theirs = { holder: 'remote', number: 0, point: remoteFirstPoint } as const
    const { fundingSecret } = deriveChannelSecrets(this.#node.context(0).channelSeed, channelKeyIndex)
    return signCommitment(buildCommitmentTx(commitmentInput({ params: opening }, contents, theirs)), fundingSecret)
  }
}

/** Whether the funding output, where its transaction is known, holds something else than both sides signed for: then no commitment is valid. */
export function isFundedOtherwise(
  chain: RegtestChain,
  { fundingOutpoint, fundingAmountSat }: Pick<ChannelParams, 'fundingOutpoint' | 'fundingAmountSat'>,
): boolean {
  const funding = chain.transaction(fundingOutpoint.txid)
  return funding !== undefined && funding.tx.outputs[fundingOutpoint.vout]?.amountSat !== fundingAmountSat
}
