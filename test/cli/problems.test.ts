import { describe, expect, it } from 'vitest'
import { BookendError } from '../../src/base/index.ts'
import { problemOf, seedProblem } from '../../src/cli/problems.ts'
import { ChainError, NetworkError } from '../../src/ports/index.ts'
import { StorageError, type StorageErrorCode } from '../../src/storage/index.ts'

// Whatever the rooms below throw becomes a code, a sentence, and what to do.

const told = (error: unknown) => {
  const { code, message, advice } = problemOf(error)
  return [code, message, advice]
}

describe('what is in the way of a command', () => {
  it('keeps what a room says to do, and says it itself where the room does not', () => {
    expect(
      told(new ChainError('unreachable', 'No bitcoind answers at h:1 (refused). Start it, or name another.')),
    ).toEqual(['chain_unavailable', 'No bitcoind answers at h:1 (refused).', 'Start it, or name another.'])
    expect(told(new StorageError('not_a_store', '/x is a database of another program'))).toEqual([
      'data_directory',
      '/x is a database of another program.',
      'Name another directory with --data-dir.',
    ])
  })

  it('each failure of a chain and of a port', () => {
    const chain = (code: ChainError['code']) => problemOf(new ChainError(code, 'It is so.')).code
    expect((['unreachable', 'unauthorized', 'bad_answer', 'pruned', 'wrong_network'] as const).map(chain)).toEqual([
      ...Array.from({ length: 4 }, () => 'chain_unavailable'),
      'wrong_network',
    ])
    const network = (code: NetworkError['code']) => problemOf(new NetworkError(code, 'It is so.')).code
    expect(
      (['address_in_use', 'address_not_usable', 'unreachable', 'timeout', 'handshake_failed', 'aborted'] as const).map(
        network,
      ),
    ).toEqual(['address_in_use', 'bad_request', 'peer_unreachable', 'peer_unreachable', 'peer_unreachable', 'aborted'])
  })

  it.each<[StorageErrorCode, string]>([
    ['directory_in_use', 'data_directory'],
    ['directory_not_private', 'data_directory'],
    ['store_in_use', 'data_directory'],
    ['not_a_store', 'data_directory'],
    ['newer_schema', 'data_directory'],
    ['altered_migration', 'data_directory'],
    ['store_failed', 'disk'],
    ['store_closed', 'stopped'],
    ['seed_exists', 'conflict'],
  ])('storage: %s is %s', (code, expected) => {
    expect(problemOf(new StorageError(code, 'It is so.')).code).toBe(expected)
  })

  it('a full disk, however it shows', () => {
    const system = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    const ended = 'node.sqlite failed: Error: database or disk is full. A new start finds what is durable.'
    const lock = 'lock failed: Error: disk I/O error. It is the lock of the data directory.'
    const stores = ['The store failed: database or disk is full', ended, lock]
    for (const error of [system, ...stores.map(words => new StorageError('store_failed', words))]) {
      const [code, , advice] = told(error)
      expect([code, advice]).toEqual(['disk', expect.stringMatching(/^Make room on the disk .* Nothing is lost\.$/)])
    }
  })

  it.each([
    ['EACCES', 'data_directory'],
    ['EPERM', 'data_directory'],
    ['EROFS', 'data_directory'],
    ['ENOTDIR', 'data_directory'],
    ['ENOENT', 'not_found'],
    ['EIO', 'disk'],
  ])('a file: %s is %s', (code, expected) => {
    expect(problemOf(Object.assign(new Error('It is so'), { code })).code).toBe(expected)
  })

  it('what a node hands on of its adapters is told by their own words', () => {
    const cause = new NetworkError('address_in_use', 'Port 1 is used. Choose another one with --listen HOST:PORT.')
    const wrapped = new BookendError('address_in_use', cause.message, { advice: 'Choose another address.', cause })
    expect(told(wrapped)).toEqual(['address_in_use', 'Port 1 is used.', 'Choose another one with --listen HOST:PORT.'])
    const own = new BookendError('not_found', 'There is none.', { advice: 'Look.', cause: new Error('x') })
    expect(problemOf(own)).toBe(own)
  })

  it('what nobody foresaw, and an end that was asked for', () => {
    expect(told(new TypeError('x is not a function'))).toEqual([
      'internal',
      'x is not a function.',
      'Set BOOKEND_DEBUG=1 to see where, and report it.',
    ])
    expect(told('text')[0]).toBe('internal')
    expect(problemOf(AbortSignal.abort().reason).code).toBe('aborted')
  })

  it.each([
    ['damaged', 'data_directory'],
    ['newer_version', 'data_directory'],
    ['unusable_cost', 'data_directory'],
    ['no_seed_file', 'data_directory'],
    ['encrypted', 'bad_request'],
    ['not_encrypted', 'bad_request'],
    ['wrong_passphrase', 'wrong_passphrase'],
  ] as const)('a seed: %s is %s', (code, expected) => {
    expect(seedProblem({ code, message: 'It is so.' }, '/x/seed')).toMatchObject({
      code: expected,
      message: 'It is so.',
      facts: { file: '/x/seed' },
    })
  })
})
