import { describe, expect, it } from 'vitest'
import { blockHashFromWire, feeratePerKw, fromHex, msat, paymentHash, sat, txidFromWire } from '../../src/base/index.ts'
import {
  type ChannelMessage,
  decodeMessage,
  type PeerStorageMessage,
  type SetupMessage,
  shortChannelId,
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

const LAYOUTS: Layouts<SetupMessage | PeerStorageMessage | ChannelMessage> = {
  init: {
    message: {
      type: 'init',
      globalfeatures: fromHex('0a'),
      features: fromHex('0b0c'),
      networks: [chainHash, blockHashFromWire(fill(7, 32))],
      remoteAddr: fromHex('017f00000126 07'.replace(' ', '')),
    },
    bytes: ['0010', '0001', '0a', '0002', '0b0c', '0140', genesisHex, hex(7, 32), '0307', '017f0000012607'],
  },
  error: {
    message: { type: 'error', channelId: id, data: fromHex('6e6f') },
    bytes: ['0011', idHex, '0002', '6e6f'],
  },
  warning: {
    message: { type: 'warning', channelId: id, data: fromHex('6e6f') },
    bytes: ['0001', idHex, '0002', '6e6f'],
  },
  ping: {
    message: { type: 'ping', numPongBytes: 258, ignored: fill(0, 3) },
    bytes: ['0012', '0102', '0003', '000000'],
  },
  pong: { message: { type: 'pong', ignored: fill(0, 3) }, bytes: ['0013', '0003', '000000'] },
  peer_storage: { message: { type: 'peer_storage', blob: fill(0xb1, 3) }, bytes: ['0007', '0003', 'b1b1b1'] },
  peer_storage_retrieval: {
    message: { type: 'peer_storage_retrieval', blob: fill(0xb2, 2) },
    bytes: ['0009', '0002', 'b2b2'],
  },
  open_channel: {
    message: {
      type: 'open_channel',
      chainHash,
      temporaryChannelId: id,
      fundingSatoshis: sat(0x11),
      pushMsat: msat(0x12),
      dustLimitSatoshis: sat(0x13),
      maxHtlcValueInFlightMsat: msat(0xffff_ffff_ffff_ffffn),
      channelReserveSatoshis: sat(0x15),
      htlcMinimumMsat: msat(0x16),
      feeratePerKw: feeratePerKw(253),
      toSelfDelay: 144,
      maxAcceptedHtlcs: 483,
      ...keys,
      channelFlags: 1,
      upfrontShutdownScript: fromHex('0014aa'),
      channelType: fromHex('401000'),
    },
    bytes: [
      ...['0020', genesisHex, idHex],
      ...['0000000000000011', '0000000000000012', '0000000000000013', 'ffffffffffffffff', '0000000000000015'],
      ...['0000000000000016', '000000fd', '0090', '01e3', ...keysHex, '01', '00030014aa', '0103401000'],
    ],
  },
  accept_channel: {
    message: {
      type: 'accept_channel',
      temporaryChannelId: id,
      dustLimitSatoshis: sat(0x13),
      maxHtlcValueInFlightMsat: msat(0x14),
      channelReserveSatoshis: sat(0x15),
      htlcMinimumMsat: msat(0x16),
      minimumDepth: 3,
      toSelfDelay: 144,
      maxAcceptedHtlcs: 30,
      ...keys,
      upfrontShutdownScript: new Uint8Array(0),
      channelType: fromHex('1000'),
    },
    bytes: [
      ...['0021', idHex, '0000000000000013', '0000000000000014', '0000000000000015', '0000000000000016'],
      ...['00000003', '0090', '001e', ...keysHex, '0000', '01021000'],
    ],
  },
  funding_created: {
    message: {
      type: 'funding_created',
      temporaryChannelId: id,
      fundingTxid: txid,
      fundingOutputIndex: 5,
      signature: fill(9, 64),
    },
    bytes: ['0022', idHex, txidHex, '0005', hex(9, 64)],
  },
  funding_signed: {
    message: { type: 'funding_signed', channelId: id, signature: fill(9, 64) },
    bytes: ['0023', idHex, hex(9, 64)],
  },
  channel_ready: {
    message: {
      type: 'channel_ready',
      channelId: id,
      secondPerCommitmentPoint: pointOf(7),
      shortChannelId: shortChannelId({ blockHeight: 1, txIndex: 2, outputIndex: 3 }),
    },
    bytes: ['0024', idHex, pointHex(7), '0108', '0000010000020003'],
  },
  shutdown: {
    message: { type: 'shutdown', channelId: id, scriptpubkey: fromHex('0014aa') },
    bytes: ['0026', idHex, '0003', '0014aa'],
  },
  closing_signed: {
    message: {
      type: 'closing_signed',
      channelId: id,
      feeSatoshis: sat(0x21),
      signature: fill(9, 64),
      feeRange: { minFeeSatoshis: sat(0x20), maxFeeSatoshis: sat(0x22) },
    },
    bytes: ['0027', idHex, '0000000000000021', hex(9, 64), '0110', '0000000000000020', '0000000000000022'],
  },
  closing_complete: {
    message: {
      type: 'closing_complete',
      channelId: id,
      closerScriptpubkey: fromHex('5101'),
      closeeScriptpubkey: fromHex('510203'),
      feeSatoshis: sat(0x21),
      locktime: 0x01020304,
      closerOutputOnly: fill(0x31, 64),
      closeeOutputOnly: fill(0x32, 64),
      closerAndCloseeOutputs: fill(0x33, 64),
    },
    bytes: [
      ...['0028', idHex, '0002', '5101', '0003', '510203', '0000000000000021', '01020304'],
      ...['0140', hex(0x31, 64), '0240', hex(0x32, 64), '0340', hex(0x33, 64)],
    ],
  },
  closing_sig: {
    message: {
      type: 'closing_sig',
      channelId: id,
      closerScriptpubkey: fromHex('5101'),
      closeeScriptpubkey: fromHex('510203'),
      feeSatoshis: sat(0x21),
      locktime: 0x01020304,
      closerAndCloseeOutputs: fill(0x33, 64),
    },
    bytes: [
      ...['0029', idHex, '0002', '5101', '0003', '510203', '0000000000000021', '01020304'],
      ...['0340', hex(0x33, 64)],
    ],
  },
  update_add_htlc: {
    message: {
      type: 'update_add_htlc',
      channelId: id,
      id: 0x41,
      amountMsat: msat(0x42),
      paymentHash: paymentHash(fill(0x43, 32)),
      cltvExpiry: 0x44,
      onionRoutingPacket: fill(0x45, 1366),
      pathKey: pointOf(0x46),
    },
    bytes: [
      ...['0080', idHex, '0000000000000041', '0000000000000042', hex(0x43, 32), '00000044', hex(0x45, 1366)],
      ...['0021', pointHex(0x46)],
    ],
  },
  update_fulfill_htlc: {
    message: {
      type: 'update_fulfill_htlc',
      channelId: id,
      id: 0x41,
      paymentPreimage: fill(0x51, 32),
      attributionData: fill(0x52, 920),
    },
    bytes: ['0082', idHex, '0000000000000041', hex(0x51, 32), '01fd0398', hex(0x52, 920)],
  },
  update_fail_htlc: {
    message: {
      type: 'update_fail_htlc',
      channelId: id,
      id: 0x41,
      reason: fill(0x53, 292),
      attributionData: fill(0x52, 920),
    },
    bytes: ['0083', idHex, '0000000000000041', '0124', hex(0x53, 292), '01fd0398', hex(0x52, 920)],
  },
  update_fail_malformed_htlc: {
    message: {
      type: 'update_fail_malformed_htlc',
      channelId: id,
      id: 0x41,
      sha256OfOnion: fill(0x54, 32),
      failureCode: 0xc005,
    },
    bytes: ['0087', idHex, '0000000000000041', hex(0x54, 32), 'c005'],
  },
  update_fee: {
    message: { type: 'update_fee', channelId: id, feeratePerKw: feeratePerKw(2500) },
    bytes: ['0086', idHex, '000009c4'],
  },
  commitment_signed: {
    message: {
      type: 'commitment_signed',
      channelId: id,
      signature: fill(0x61, 64),
      htlcSignatures: [fill(0x62, 64), fill(0x63, 64)],
      fundingTxid: txid,
    },
    bytes: ['0084', idHex, hex(0x61, 64), '0002', hex(0x62, 64), hex(0x63, 64), '0120', txidHex],
  },
  revoke_and_ack: {
    message: {
      type: 'revoke_and_ack',
      channelId: id,
      perCommitmentSecret: fill(0x71, 32),
      nextPerCommitmentPoint: pointOf(0x72),
    },
    bytes: ['0085', idHex, hex(0x71, 32), pointHex(0x72)],
  },
  channel_reestablish: {
    message: {
      type: 'channel_reestablish',
      channelId: id,
      nextCommitmentNumber: 0x81,
      nextRevocationNumber: 0x80,
      yourLastPerCommitmentSecret: fill(0x82, 32),
      myCurrentPerCommitmentPoint: pointOf(0x83),
      nextFunding: { nextFundingTxid: txid, retransmitFlags: 1 },
      myCurrentFundingLocked: { myCurrentFundingLockedTxid: txidFromWire(fill(0x84, 32)), retransmitFlags: 0 },
    },
    bytes: [
      ...['0088', idHex, '0000000000000081', '0000000000000080', hex(0x82, 32), pointHex(0x83)],
      ...['0121', txidHex, '01', '0521', hex(0x84, 32), '00'],
    ],
  },
}

describeLayouts('BOLT 1 and BOLT 2', LAYOUTS)
describeUnknownRecords('BOLT 1 and BOLT 2', LAYOUTS)

describe('what a field holds', () => {
  it('prints a transaction id the other way round than the wire', () => {
    const { message } = LAYOUTS.funding_created
    expect(message.fundingTxid).toBe(`cd${'00'.repeat(30)}ab`)
  })
})

describe('what a field cannot hold', () => {
  it('a point whose first byte is not 2 or 3 is a failure', () => {
    const bytes = LAYOUTS.revoke_and_ack.bytes.join('').replace(pointHex(0x72), `04${hex(0x72, 32)}`)
    expect(decodeMessage(fromHex(bytes))).toMatchObject({ ok: false, error: { code: 'invalid' } })
    expect(decodeMessage(fromHex(bytes.replace(`04${hex(0x72, 32)}`, `03${hex(0x72, 32)}`))).ok).toBe(true)
  })

  it('an HTLC id of 2^53 is a failure, and one below is not', () => {
    const withId = (value: string): string =>
      LAYOUTS.update_fee.bytes.join('').replace('0086', '0082').slice(0, 68) + value + hex(1, 32)
    expect(decodeMessage(fromHex(withId('001fffffffffffff'))).ok).toBe(true)
    expect(decodeMessage(fromHex(withId('0020000000000000')))).toMatchObject({
      ok: false,
      error: { code: 'out_of_range' },
    })
  })

  it('more HTLC signatures than there are bytes is a failure', () => {
    const bytes = ['0084', idHex, hex(0x61, 64), 'ffff', hex(0x62, 64)].join('')
    expect(decodeMessage(fromHex(bytes))).toMatchObject({ ok: false, error: { code: 'truncated' } })
  })
})
