import { describe, expect, it } from 'vitest'
import {
  type ChannelId,
  channelIdFromOutPoint,
  concat,
  defined,
  fromHex,
  reverseBytes,
  sat,
  type Txid,
  toHex,
} from '../../src/base/index.ts'
import { encodeTx, type Tx, txid } from '../../src/bitcoin/index.ts'
import { localCommitmentTx } from '../../src/channel/handlers/commitmentSigned.ts'
import type { FundingCreated, FundingSigned } from '../../src/wire/index.ts'
import {
  agreed,
  created,
  type Duo,
  deliver,
  deliverNext,
  durableOf,
  fundChannelEffect,
  input,
  type OpeningOptions,
  received,
  rewired,
  TEMPORARY_ID,
  walletTx,
} from './harness.ts'
import { expectRefusal } from './refusals.ts'

// BOLT 2, funding_created and funding_signed: every rule broken, and what each refusal does to the world.

const ZERO_TXID = '00'.repeat(32) as Txid
const OTHER_ID = '7f'.repeat(32) as ChannelId
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** The same signature with the other S, which the curve allows and the network does not relay. */
function highS(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${toHex(signature.slice(32))}`)
  return concat(signature.slice(0, 32), fromHex((ORDER - s).toString(16).padStart(64, '0')))
}

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.with(7, (bytes[7] ?? 0) ^ 1)
}

describe('BOLT 2, funding_created, sender: the funding_transaction command', () => {
  const section = 'BOLT 2, funding_created, sender'
  const legacy = fromHex('00')

  interface Case {
    readonly code: string
    /** From the right transaction to a wrong one. */
    readonly spoil: (tx: Tx) => Tx
  }
  const cases: readonly Case[] = [
    { code: 'funding_output_missing', spoil: tx => ({ ...tx, outputs: tx.outputs.slice(0, 1) }) },
    {
      code: 'funding_output_missing',
      spoil: tx => ({ ...tx, outputs: tx.outputs.map(out => ({ ...out, amountSat: sat(out.amountSat + 1n) })) }),
    },
    {
      code: 'funding_output_missing',
      spoil: tx => ({ ...tx, outputs: tx.outputs.map(out => ({ ...out, script: flipped(out.script) })) }),
    },
    {
      code: 'funding_output_index_too_large',
      spoil: tx => ({
        ...tx,
        outputs: [...Array<Tx['outputs'][0]>(65_536).fill(firstOf(tx.outputs)), ...tx.outputs.slice(1)],
      }),
    },
    {
      code: 'funding_input_not_segwit',
      spoil: tx => ({ ...tx, inputs: tx.inputs.map(txIn => ({ ...txIn, scriptSig: legacy })) }),
    },
    {
      code: 'funding_input_not_signed',
      spoil: tx => ({ ...tx, inputs: tx.inputs.map(txIn => ({ ...txIn, witness: [] })) }),
    },
    {
      code: 'funding_input_not_segwit',
      spoil: tx => ({ ...tx, inputs: [...tx.inputs, { ...firstOf(tx.inputs), scriptSig: legacy }] }),
    },
    {
      code: 'funding_input_not_signed',
      spoil: tx => ({ ...tx, inputs: [...tx.inputs, { ...firstOf(tx.inputs), witness: [] }] }),
    },
  ]

  it.each(cases)('rejects it and keeps waiting: $code', ({ code, spoil }) => {
    const duo = agreed()
    const before = duo.alice.channel
    const tx = spoil(walletTx(fundChannelEffect(duo).output))
    const result = input(duo, 'alice', { type: 'funding_transaction', tx })
    expectRefusal(result, before, { code, section, severity: 'reject' }, TEMPORARY_ID)
  })

  it('takes the first output', () => {
    const duo = agreed()
    const outputs = [fundChannelEffect(duo).output]
    input(duo, 'alice', { type: 'funding_transaction', tx: walletTx(fundChannelEffect(duo).output, { outputs }) })
    deliver(duo)
    expect(durableOf(duo.bob).params.fundingOutpoint.vout).toBe(0)
    expect(duo.alice.channel.state).toBe('wait_for_funding_confirmed')
  })

  it('takes an output at the last index that two bytes can name', () => {
    const duo = agreed()
    const tx = walletTx(fundChannelEffect(duo).output)
    const outputs = [...Array<Tx['outputs'][0]>(65_535).fill(firstOf(tx.outputs)), fundChannelEffect(duo).output]
    const { failure, next } = input(duo, 'alice', { type: 'funding_transaction', tx: { ...tx, outputs } })
    expect(failure).toBeUndefined()
    expect(next).toMatchObject({ state: 'wait_for_funding_signed', fundingOutpoint: { vout: 65_535 } })
  })

  it('is rejected in any other state', () => {
    const duo = created()
    const before = duo.alice.channel
    const result = input(duo, 'alice', { type: 'funding_transaction', tx: walletTx(fundChannelEffect(duo).output) })
    const refusal = {
      code: 'channel_not_open',
      section: 'BOLT 2, channel establishment v1',
      severity: 'reject',
    } as const
    expectRefusal(result, before, refusal, TEMPORARY_ID)
  })
})

describe('BOLT 2, funding_created, recipient', () => {
  const section = 'BOLT 2, funding_created, recipient'
  const cases: readonly {
    readonly code: string
    readonly spoil: (message: FundingCreated) => Partial<FundingCreated>
    readonly options?: OpeningOptions
  }[] = [
    { code: 'wrong_temporary_channel_id', spoil: () => ({ temporaryChannelId: OTHER_ID }) },
    { code: 'funding_txid_zero', spoil: () => ({ fundingTxid: ZERO_TXID }) },
    { code: 'invalid_commitment_signature', spoil: ({ signature }) => ({ signature: flipped(signature) }) },
    { code: 'invalid_commitment_signature', spoil: ({ signature }) => ({ signature: highS(signature) }) },
    { code: 'invalid_commitment_signature', spoil: () => ({ signature: new Uint8Array(64) }) },
    {
      code: 'invalid_commitment_signature',
      spoil: ({ signature }) => ({ signature: flipped(signature) }),
      options: { format: 'static_remotekey' },
    },
    // The signature covers the outpoint.
    { code: 'invalid_commitment_signature', spoil: () => ({ fundingOutputIndex: 0 }) },
    { code: 'invalid_commitment_signature', spoil: () => ({ fundingTxid: 'ab'.repeat(32) as Txid }) },
  ]

  function receive(spoil: (message: FundingCreated) => Partial<FundingCreated>, duo: Duo) {
    // Alice has just sent it.
    const message = received(defined(duo.alice.outbox.shift(), 'funding_created')) as FundingCreated
    const spoiled = rewired({ ...message, ...spoil(message) })
    return input(duo, 'bob', { type: 'message', message: spoiled })
  }

  it.each(cases)('fails the channel, of which nothing is kept: $code', ({ code, spoil, options }) => {
    const duo = created(options)
    const before = duo.bob.channel
    expectRefusal(receive(spoil, duo), before, { code, section, severity: 'fail_channel' }, TEMPORARY_ID)
    expect(duo.bob.records.size).toBe(0)
  })

  it('fails a channel whose channel_id another channel has, also from another outpoint', () => {
    const duo = created()
    const before = duo.bob.channel
    const tx = walletTx(fundChannelEffect(duo).output)
    const channelId = channelIdFromOutPoint({ txid: txid(tx), vout: 1 })
    // The last bytes of the txid and the output index cancel out.
    const collides = toHex(reverseBytes(fromHex(channelId))) as Txid
    expect(channelIdFromOutPoint({ txid: collides, vout: 0 })).toBe(channelId)
    duo.bob.context = { ...duo.bob.context, channelIdsInUse: [OTHER_ID, channelId] }
    const result = receive(() => ({ fundingTxid: collides, fundingOutputIndex: 0 }), duo)
    const refusal = { code: 'channel_id_in_use', section, severity: 'fail_channel' } as const
    expectRefusal(result, before, refusal, TEMPORARY_ID)
  })

  it('shows the transaction that was to be signed', () => {
    const duo = created()
    const twin = created()
    deliver(twin)
    const { failure } = receive(({ signature }) => ({ signature: flipped(signature) }), duo)
    const commitment = localCommitmentTx(durableOf(twin.bob), 0, twin.bob.context)
    expect(failure?.expected).toContain(toHex(encodeTx(commitment.tx)))
  })
})

describe('BOLT 2, funding_signed, recipient', () => {
  const section = 'BOLT 2, funding_signed, recipient'
  const cases: readonly {
    readonly code: string
    readonly spoil: (message: FundingSigned) => Partial<FundingSigned>
  }[] = [
    { code: 'wrong_channel_id', spoil: () => ({ channelId: OTHER_ID }) },
    { code: 'invalid_commitment_signature', spoil: ({ signature }) => ({ signature: flipped(signature) }) },
    { code: 'invalid_commitment_signature', spoil: ({ signature }) => ({ signature: highS(signature) }) },
  ]

  it.each(cases)('fails the channel and never publishes its funding: $code', ({ code, spoil }) => {
    const duo = created()
    deliverNext(duo, 'bob')
    const before = duo.alice.channel
    // Bob has just sent it.
    const message = received(defined(duo.bob.outbox.shift(), 'funding_signed')) as FundingSigned
    const spoiled = rewired({ ...message, ...spoil(message) })
    const result = input(duo, 'alice', { type: 'message', message: spoiled })
    // From funding_created on the opener names the channel by its channel_id (BOLT 1, error).
    expectRefusal(result, before, { code, section, severity: 'fail_channel' }, message.channelId)
    expect(duo.alice.records.size).toBe(0)
  })
})

function firstOf<T>(items: readonly T[]): T {
  return defined(items[0], 'there is one')
}
