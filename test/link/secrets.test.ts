import { expect, test } from 'vitest'
import { forgetSecrets, secretsOf } from '../../src/link/secrets.ts'

// The secrets of a channel are derived once, as long as there is a channel.

const seed = new Uint8Array(32).fill(7)

test('a channel that goes on has its secrets derived once', () => {
  expect(secretsOf(seed, 1)).toBe(secretsOf(seed, 1))
  expect(secretsOf(seed, 1)).not.toEqual(secretsOf(seed, 2))
})

test('a channel that never came to be leaves nothing behind, and its secrets are the same if they are asked for again', () => {
  const before = secretsOf(seed, 3)
  const other = secretsOf(seed, 4)
  forgetSecrets(seed, 3)
  const again = secretsOf(seed, 3)
  expect(again).not.toBe(before)
  expect(again).toEqual(before)
  expect(secretsOf(seed, 4)).toBe(other)
})

test('to forget what nobody knew is nothing', () => {
  forgetSecrets(new Uint8Array(32).fill(8), 1)
  expect(secretsOf(seed, 4)).toBe(secretsOf(seed, 4))
})
