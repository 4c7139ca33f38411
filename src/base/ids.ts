import { assert } from './assert.ts'
import type { Brand } from './brand.ts'
import { byteAt, fromHex, reverseBytes, toHex } from './bytes.ts'

// Things that serve as keys are lowercase hex strings of fixed length, each its own kind.

/** 32 bytes as printed by explorers: the reverse of the wire order. */
export type Txid = Brand<string, 'Txid'>
/** 32 bytes as printed by explorers: the reverse of the header's wire order. */
export type BlockHash = Brand<string, 'BlockHash'>
/** 32 bytes: funding txid in wire order XOR output index (BOLT 2, definition of channel_id), or a temporary one. */
export type ChannelId = Brand<string, 'ChannelId'>
/** 32 bytes: SHA-256 of the payment preimage. */
export type PaymentHash = Brand<string, 'PaymentHash'>
/** 33 bytes: a compressed public key. */
export type NodeId = Brand<string, 'NodeId'>

export interface OutPoint {
  readonly txid: Txid
  readonly vout: number
}

function hexOf(bytes: Uint8Array, length: number): string {
  assert(bytes.length === length, () => `expected ${length} bytes, got ${bytes.length}`)
  return toHex(bytes)
}

export const txidFromWire = (bytes: Uint8Array): Txid => hexOf(reverseBytes(bytes), 32) as Txid
export const txidToWire = (txid: Txid): Uint8Array => reverseBytes(fromHex(txid))
export const blockHashFromWire = (bytes: Uint8Array): BlockHash => hexOf(reverseBytes(bytes), 32) as BlockHash
export const blockHashToWire = (hash: BlockHash): Uint8Array => reverseBytes(fromHex(hash))
export const channelId = (bytes: Uint8Array): ChannelId => hexOf(bytes, 32) as ChannelId
export const paymentHash = (bytes: Uint8Array): PaymentHash => hexOf(bytes, 32) as PaymentHash
export const nodeId = (bytes: Uint8Array): NodeId => hexOf(bytes, 33) as NodeId

/** The channel_id of a funding outpoint (BOLT 2, definition of channel_id). */
export function channelIdFromOutPoint(outpoint: OutPoint): ChannelId {
  const bytes = txidToWire(outpoint.txid)
  bytes[30] = byteAt(bytes, 30) ^ (outpoint.vout >> 8)
  bytes[31] = byteAt(bytes, 31) ^ (outpoint.vout & 0xff)
  return channelId(bytes)
}

/** `txid:vout`, the key of an outpoint in maps and records. */
export function outPointKey(outpoint: OutPoint): string {
  return `${outpoint.txid}:${outpoint.vout}`
}
