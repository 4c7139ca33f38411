import { describe, expect, test } from 'vitest'
import { fromHex } from '../../src/base/index.ts'
import { announcedNode } from '../../src/node/announced.ts'
import { addressText } from '../../src/node/announcedText.ts'

// BOLT 7, node_announcement: what a node says of itself.

const ONION = `${'abcdefghijklmnopqrstuvwxyz234567'.repeat(2).slice(0, 56)}.onion`

function told(...hosts: readonly string[]): readonly (string | undefined)[] {
  const { addresses = [] } = announcedNode({ addresses: hosts.map(host => ({ host, port: 9735 })) })
  return addresses.map(addressText)
}

describe('what a node says of itself', () => {
  test('is nothing but what its user names: the rest is made of its id', () => {
    expect(announcedNode({})).toEqual({})
    expect(announcedNode({ alias: 'Bäcker', color: '#1E90ff' })).toEqual({
      alias: 'Bäcker',
      rgbColor: fromHex('1e90ff'),
    })
  })

  test('is a name of 1 to 32 bytes, however few letters these are', () => {
    expect(announcedNode({ alias: 'ä'.repeat(16) }).alias).toBe('ä'.repeat(16))
    for (const alias of ['', 'ä'.repeat(17), 'a'.repeat(33)])
      expect(() => announcedNode({ alias })).toThrow(/An alias has 1 to 32 bytes/)
  })

  test('is a color in six digits', () => {
    for (const color of ['red', '#fff', '#1e90fg', '#1e90ff00', ''])
      expect(() => announcedNode({ color })).toThrow(/Expected a color such as #1e90ff/)
  })

  test('is where it can be dialled, in the order of BOLT 7', () => {
    expect(told('node.example.org', ONION, '2001:db8::7', '203.0.113.9')).toEqual([
      '203.0.113.9:9735',
      '[2001:db8::7]:9735',
      `${ONION}:9735`,
      'node.example.org:9735',
    ])
    expect(told('::1', '::', '1:2:3:4:5:6:7:8', '1::', '::ffff:203.0.113.9')).toEqual([
      '[::1]:9735',
      '[::]:9735',
      '[1:2:3:4:5:6:7:8]:9735',
      '[1::]:9735',
      '[::ffff:cb00:7109]:9735',
    ])
  })

  test('is nowhere that nobody could dial', () => {
    for (const host of ['256.1.1.1', '1:2:3', 'a b', '-a', '', `${'a'.repeat(256)}`, 'short.onion'])
      expect(() => told(host), host).toThrow(/Nobody could dial/)
    for (const port of [0, 65_536, 1.5])
      expect(() => announcedNode({ addresses: [{ host: '203.0.113.9', port }] })).toThrow(/cannot dial port/)
    expect(() => told('a.example.org', 'b.example.org')).toThrow(/one hostname at most/)
  })
})
