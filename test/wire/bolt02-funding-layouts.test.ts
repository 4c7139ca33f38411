import { describe, expect, it } from 'vitest'
import { feeratePerKw, fromHex, msat, sat, toHex } from '../../src/base/index.ts'
import {
  type DualFundingMessage,
  decodeMessage,
  encodeMessage,
  type InteractiveTxMessage,
  type SpliceMessage,
} from '../../src/wire/index.ts'
import {
  chainHash,
  describeLayouts,
  describeUnknownRecords,
  fill,
  genesisHex,
  hex,
  id,
  idHex,
  keys,
  keysHex,
  type Layouts,
  pointHex,
  pointOf,
  txid,
  txidHex,
} from './layouts.ts'

const LAYOUTS: Layouts<DualFundingMessage | InteractiveTxMessage | SpliceMessage> = {
  open_channel2: {
    message: {
      type: 'open_channel2',
      chainHash,
      temporaryChannelId: id,
      fundingFeeratePerkw: feeratePerKw(2500),
      commitmentFeeratePerkw: feeratePerKw(253),
      fundingSatoshis: sat(0x11),
      dustLimitSatoshis: sat(0x13),
      maxHtlcValueInFlightMsat: msat(0x14),
      htlcMinimumMsat: msat(0x16),
      toSelfDelay: 144,
      maxAcceptedHtlcs: 483,
      locktime: 0x01020304,
      ...keys,
      secondPerCommitmentPoint: pointOf(7),
      channelFlags: 1,
      upfrontShutdownScript: fromHex('0014aa'),
      channelType: fromHex('401000'),
      requireConfirmedInputs: true,
    },
    bytes: [
      ...['0040', genesisHex, idHex, '000009c4', '000000fd'],
      ...['0000000000000011', '0000000000000013', '0000000000000014', '0000000000000016', '0090', '01e3', '01020304'],
      ...[...keysHex, pointHex(7), '01', '00030014aa', '0103401000', '0200'],
    ],
  },
  accept_channel2: {
    message: {
      type: 'accept_channel2',
      temporaryChannelId: id,
      fundingSatoshis: sat(0x11),
      dustLimitSatoshis: sat(0x13),
      maxHtlcValueInFlightMsat: msat(0x14),
      htlcMinimumMsat: msat(0x16),
      minimumDepth: 3,
      toSelfDelay: 144,
      maxAcceptedHtlcs: 30,
      ...keys,
      secondPerCommitmentPoint: pointOf(7),
      upfrontShutdownScript: fromHex('0014aa'),
      channelType: fromHex('401000'),
      requireConfirmedInputs: true,
    },
    bytes: [
      ...['0041', idHex, '0000000000000011', '0000000000000013', '0000000000000014', '0000000000000016'],
      ...['00000003', '0090', '001e', ...keysHex, pointHex(7), '00030014aa', '0103401000', '0200'],
    ],
  },
  tx_add_input: {
    message: {
      type: 'tx_add_input',
      channelId: id,
      serialId: 0xffff_ffff_ffff_fffen,
      prevtx: fromHex('020000'),
      prevtxVout: 5,
      sequence: 0xfffffffd,
      sharedInputTxid: txid,
    },
    bytes: ['0042', idHex, 'fffffffffffffffe', '0003', '020000', '00000005', 'fffffffd', '0020', txidHex],
  },
  tx_add_output: {
    message: { type: 'tx_add_output', channelId: id, serialId: 0x21n, sats: sat(0x22), script: fromHex('0014aa') },
    bytes: ['0043', idHex, '0000000000000021', '0000000000000022', '0003', '0014aa'],
  },
  tx_remove_input: {
    message: { type: 'tx_remove_input', channelId: id, serialId: 0x23n },
    bytes: ['0044', idHex, '0000000000000023'],
  },
  tx_remove_output: {
    message: { type: 'tx_remove_output', channelId: id, serialId: 0x24n },
    bytes: ['0045', idHex, '0000000000000024'],
  },
  tx_complete: { message: { type: 'tx_complete', channelId: id }, bytes: ['0046', idHex] },
  tx_signatures: {
    message: {
      type: 'tx_signatures',
      channelId: id,
      txid,
      // A stack of one item, and a stack of two, as bitcoin serializes them.
      witnesses: [fromHex('010151'), fromHex('02015202aabb')],
      sharedInputSignature: fill(9, 64),
    },
    bytes: ['0047', idHex, txidHex, '0002', '0003', '010151', '0006', '02015202aabb', '0040', hex(9, 64)],
  },
  tx_init_rbf: {
    message: {
      type: 'tx_init_rbf',
      channelId: id,
      locktime: 0x31,
      feerate: feeratePerKw(541),
      fundingOutputContribution: -2n,
      requireConfirmedInputs: true,
    },
    bytes: ['0048', idHex, '00000031', '0000021d', '0008', 'fffffffffffffffe', '0200'],
  },
  tx_ack_rbf: {
    message: {
      type: 'tx_ack_rbf',
      channelId: id,
      fundingOutputContribution: 0x32n,
      requireConfirmedInputs: true,
    },
    bytes: ['0049', idHex, '0008', '0000000000000032', '0200'],
  },
  tx_abort: {
    message: { type: 'tx_abort', channelId: id, data: fromHex('6e6f') },
    bytes: ['004a', idHex, '0002', '6e6f'],
  },
  stfu: { message: { type: 'stfu', channelId: id, initiator: true }, bytes: ['0002', idHex, '01'] },
  splice_locked: {
    message: { type: 'splice_locked', channelId: id, spliceTxid: txid },
    bytes: ['004d', idHex, txidHex],
  },
  splice_init: {
    message: {
      type: 'splice_init',
      channelId: id,
      fundingContributionSatoshis: -100_000n,
      fundingFeeratePerkw: feeratePerKw(2500),
      locktime: 0x41,
      fundingPubkey: pointOf(0x42),
      requireConfirmedInputs: true,
    },
    bytes: ['0050', idHex, 'fffffffffffe7960', '000009c4', '00000041', pointHex(0x42), '0200'],
  },
  splice_ack: {
    message: {
      type: 'splice_ack',
      channelId: id,
      fundingContributionSatoshis: 100_000n,
      fundingPubkey: pointOf(0x43),
      requireConfirmedInputs: true,
    },
    bytes: ['0051', idHex, '00000000000186a0', pointHex(0x43), '0200'],
  },
  start_batch: {
    message: { type: 'start_batch', channelId: id, batchSize: 3, messageType: 132 },
    bytes: ['007f', idHex, '0003', '0102', '0084'],
  },
}

describeLayouts('BOLT 2, funding together', LAYOUTS)
describeUnknownRecords('BOLT 2, funding together', LAYOUTS)

describe('BOLT 2, funding together: what a field holds', () => {
  it('a record without a value is not there where it is left out', () => {
    expect(toHex(encodeMessage({ type: 'tx_ack_rbf', channelId: id }))).toBe(`0049${idHex}`)
  })

  it('a record without a value has none', () => {
    const decoded = decodeMessage(fromHex(`0049${idHex}020101`))
    expect(decoded).toMatchObject({ ok: false, error: { code: 'trailing_bytes' } })
  })

  it('an initiator is 0 or 1', () => {
    const stfu = (initiator: string) => decodeMessage(fromHex(`0002${idHex}${initiator}`))
    expect(stfu('00')).toMatchObject({ ok: true, value: { initiator: false } })
    expect(stfu('02')).toMatchObject({ ok: false, error: { code: 'invalid' } })
  })

  it('an input that both know has no transaction before it', () => {
    const shared = { ...LAYOUTS.tx_add_input.message, prevtx: new Uint8Array(0) }
    const bytes = ['0042', idHex, 'fffffffffffffffe', '0000', '00000005', 'fffffffd', '0020', txidHex].join('')
    expect(toHex(encodeMessage(shared))).toBe(bytes)
    expect(decodeMessage(fromHex(bytes))).toEqual({ ok: true, value: shared })
  })

  it('more witnesses than there are bytes is a failure', () => {
    const bytes = `0047${idHex}${txidHex}ffff0000`
    expect(decodeMessage(fromHex(bytes))).toMatchObject({ ok: false, error: { code: 'truncated' } })
  })
})
