import fc from 'fast-check'
import {
  type BlockHash,
  blockHashFromWire,
  type ChannelId,
  channelId,
  type FeeratePerKw,
  feeratePerKw,
  type Msat,
  msat,
  type NodeId,
  nodeId,
  type PaymentHash,
  paymentHash,
  type Sat,
  sat,
  type Txid,
  txidFromWire,
} from '../../src/base/index.ts'
import { type ShortChannelId, shortChannelId } from '../../src/wire/index.ts'

// Any value of each field that messages are made of.

export const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
export const u8: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xff })
export const u16: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff })
export const u32: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffffffff })
export const u64: fc.Arbitrary<bigint> = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
export const counter: fc.Arbitrary<number> = fc.maxSafeNat()
export const satoshis: fc.Arbitrary<Sat> = u64.map(sat)
export const millisatoshis: fc.Arbitrary<Msat> = u64.map(msat)
export const feerate: fc.Arbitrary<FeeratePerKw> = u32.map(feeratePerKw)
export const arbitraryChannelId: fc.Arbitrary<ChannelId> = bytesOf(32).map(channelId)
export const arbitraryPaymentHash: fc.Arbitrary<PaymentHash> = bytesOf(32).map(paymentHash)
export const arbitraryTxid: fc.Arbitrary<Txid> = bytesOf(32).map(txidFromWire)
export const chainHash: fc.Arbitrary<BlockHash> = bytesOf(32).map(blockHashFromWire)
export const signature: fc.Arbitrary<Uint8Array> = bytesOf(64)
export const someBytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 80 })

/** The form of a compressed point; it need not lie on the curve. */
export const point: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.constantFrom(2, 3), bytesOf(32))
  .map(([prefix, x]) => Uint8Array.of(prefix, ...x))

/** Long fields repeat 32 arbitrary bytes, which is quicker to make and as good to tell apart. */
export const longBytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  bytesOf(32).map(tile => Uint8Array.from({ length }, (_, at) => tile[at % 32] ?? 0))

export const arbitraryShortChannelId: fc.Arbitrary<ShortChannelId> = fc
  .record({ blockHeight: fc.nat(0xffffff), txIndex: fc.nat(0xffffff), outputIndex: u16 })
  .map(shortChannelId)

export const arbitraryNodeId: fc.Arbitrary<NodeId> = point.map(nodeId)
/** Two's complement of 64 bits. */
export const s64: fc.Arbitrary<bigint> = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
/** A record that says something by being there. */
export const present: fc.Arbitrary<true> = fc.constant(true)

type Arbitraries = { readonly [name: string]: fc.Arbitrary<unknown> }
type Values<A extends Arbitraries> = { readonly [K in keyof A]: A[K] extends fc.Arbitrary<infer T> ? T : never }

/** Every field of the body is there; every record may be there or not. */
export function message<K extends string, B extends Arbitraries, R extends Arbitraries>(
  type: K,
  body: B,
  records: R,
): fc.Arbitrary<{ readonly type: K } & Values<B> & Partial<Values<R>>> {
  return fc.tuple(fc.record(body), fc.record(records, { requiredKeys: [] })).map(
    // fast-check makes these very fields; it names their types another way.
    ([fields, optional]) =>
      ({ type, ...fields, ...optional }) as unknown as { readonly type: K } & Values<B> & Partial<Values<R>>,
  )
}
