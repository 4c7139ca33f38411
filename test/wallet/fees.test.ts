import { expect, test } from 'vitest'
import { feeratePerKw } from '../../src/base/index.ts'
import { P2WPKH_INPUT_WEIGHT, txWeight } from '../../src/bitcoin/index.ts'
import { paymentFee, paymentWeight } from '../../src/wallet/fees.ts'
import { foreign, makeTx, toStranger } from './bench.ts'

test('the weight is that of the signed transaction, where the count of inputs takes more bytes, too (BIP 141)', () => {
  const outputs = [toStranger(1), toStranger(2)]
  const heaviest = [new Uint8Array(72), new Uint8Array(33)]
  for (const count of [1, 2, 252, 253]) {
    const bare = makeTx(Array(count).fill(foreign(1)), outputs)
    const signed = { ...bare, inputs: bare.inputs.map(input => ({ ...input, witness: heaviest })) }
    expect(paymentWeight(count, outputs)).toBe(txWeight(signed))
  }
  expect(paymentWeight(3, outputs) - paymentWeight(2, outputs)).toBe(P2WPKH_INPUT_WEIGHT)
})

test('the fee is rounded up, so that the feerate is reached', () => {
  expect([0, 1, 3, 4, 5].map(weight => Number(paymentFee(feeratePerKw(250), weight)))).toEqual([0, 1, 1, 1, 2])
})
