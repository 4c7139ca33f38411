import { existsSync, readFileSync } from 'node:fs'
import { err, ok, type Result } from '../base/index.ts'
import { entropyFromSeedPhrase, type SeedPhrase, seedPhraseFromEntropy } from '../keys/index.ts'
import { writeFileAtomically } from './privateFiles.ts'
import { openSeed, type SeedFailure, type SeedProtection, sealSeed } from './sealedSeed.ts'
import { StorageError } from './storageError.ts'

/**
 * Keeps a phrase in a file, which is there as a whole when this resolves. It never replaces one: rejects with a `StorageError`
 * where there is a file. The caller holds the data directory.
 */
export async function createSeedFile(file: string, phrase: SeedPhrase, protection: SeedProtection): Promise<void> {
  const bytes = await sealSeed(entropyFromSeedPhrase(phrase), protection)
  if (existsSync(file)) throw new StorageError('seed_exists', `${file} has a seed already, and it is never replaced.`)
  writeFileAtomically(file, bytes)
}

/** The phrase that `createSeedFile` kept. `protection` says how it is expected to be kept: a file that is kept otherwise is refused. */
export async function readSeedFile(file: string, protection: SeedProtection): Promise<Result<SeedPhrase, SeedFailure>> {
  if (!existsSync(file)) return err({ code: 'no_seed_file', message: `There is no seed at ${file}.` })
  const opened = await openSeed(new Uint8Array(readFileSync(file)), protection)
  return opened.ok ? ok(seedPhraseFromEntropy(opened.value)) : opened
}
