import { expect, test } from 'vitest'
import { plainAddress, sourceOf } from '../../src/net/address.ts'
import { formatAddress } from '../../src/net/index.ts'

test('brackets stand around IPv6 alone', () => {
  expect(formatAddress({ host: 'example.com', port: 9735 })).toBe('example.com:9735')
  expect(formatAddress({ host: '10.0.0.1', port: 1 })).toBe('10.0.0.1:1')
  expect(formatAddress({ host: '2001:db8::1', port: 9735 })).toBe('[2001:db8::1]:9735')
})

test('an IPv4 address is told as one', () => {
  expect(plainAddress('::ffff:10.0.0.1')).toBe('10.0.0.1')
  expect(plainAddress('::ffff:1')).toBe('::ffff:1')
  expect(plainAddress('10.0.0.1')).toBe('10.0.0.1')
})

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['1::3:4:5:6:7:8', '1:0:3:4::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
])('%s counts as %s', (address, source) => {
  expect(sourceOf(address)).toBe(source)
})
