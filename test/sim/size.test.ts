import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hashFailure, readHashes, writeHashes } from '../../src/sim/hashes.ts'
import { randomOf } from '../../src/sim/random.ts'
import { deedsOf } from '../../src/sim/size.ts'

test('a seed chooses its deeds: nearly always few, and in some worlds very many', () => {
  const sizes = Array.from({ length: 2_000 }, (_, seed) => deedsOf(randomOf(String(seed))))
  const small = sizes.filter(deeds => deeds !== 400)
  expect(Math.min(...small)).toBe(10)
  expect(Math.max(...small)).toBe(40)
  // 60 of 2,000 in the mean; three deviations are 23.
  expect(sizes.length - small.length).toBeGreaterThan(37)
  expect(sizes.length - small.length).toBeLessThan(83)
})

test('a seed always chooses the same', () => {
  expect(deedsOf(randomOf('17'))).toBe(deedsOf(randomOf('17')))
})

test('what seeds told is kept, and a seed that tells something else is named with both versions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bookend-hashes-'))
  try {
    const file = join(folder, 'hashes.json')
    writeHashes(file, { mode: 'fast', nodes: 3 }, [{ seed: '7', traceHash: 'aa' }])
    const kept = readHashes(file)
    expect(kept).toEqual({ node: process.version, mode: 'fast', nodes: 3, hashes: { 7: 'aa' } })
    expect(hashFailure(kept, { seed: '7', traceHash: 'aa' })).toBe(undefined)
    expect(hashFailure(kept, { seed: '7', traceHash: 'bb' })?.message).toContain('tells bb instead of aa')
    writeFileSync(file, '{"hashes":{},"mode":"fast","nodes":3}')
    expect(() => readHashes(file)).toThrow('has no seeds')
    writeFileSync(file, '{}')
    expect(() => readHashes(file)).toThrow('was not written by --hashes')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
