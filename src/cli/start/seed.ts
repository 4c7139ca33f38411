import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { BookendError } from '../../base/index.ts'
import { type SeedPhrase, seedPhraseFromEntropy } from '../../keys/index.ts'
import { createSeedFile, readSeedFile, type SeedProtection } from '../../storage/index.ts'
import { readText } from '../dataDirectory.ts'
import { painter } from '../print.ts'
import { seedProblem, usage } from '../problems.ts'
import type { Shell } from '../shell.ts'
import type { StartOptions } from './options.ts'

/** The 24 words of the data directory: those that are kept there, or new ones at the first start. */
export function phraseIn(shell: Shell, file: string, how: StartOptions['seed']): Promise<SeedPhrase> {
  return existsSync(file) ? keptPhrase(shell, file, how) : newPhrase(shell, file, how)
}

async function keptPhrase(shell: Shell, file: string, how: StartOptions['seed']): Promise<SeedPhrase> {
  if (how.type === 'asked') await mustBeEncrypted(file)
  const read = await readSeedFile(file, await protectionOf(shell, how))
  if (read.ok) return read.value
  throw seedProblem(read.error, file)
}

/** Nobody is asked for a passphrase that there is not. */
async function mustBeEncrypted(file: string): Promise<void> {
  const read = await readSeedFile(file, { type: 'unencrypted' })
  if (!read.ok) return
  throw seedProblem({ code: 'not_encrypted', message: `The seed in ${file} is kept without a passphrase.` }, file)
}

async function newPhrase(shell: Shell, file: string, how: StartOptions['seed']): Promise<SeedPhrase> {
  const protection = await newProtection(shell, how)
  const phrase = seedPhraseFromEntropy(new Uint8Array(randomBytes(32)))
  await createSeedFile(file, phrase, protection)
  if (shell.canAsk) showWords(shell, phrase)
  return phrase
}

/** How a seed is to be kept from now on. A passphrase that is asked for is asked for twice. */
export async function newProtection(shell: Shell, how: StartOptions['seed']): Promise<SeedProtection> {
  const protection = await protectionOf(shell, how)
  if (how.type === 'asked' && (await shell.askSecret('The same once more')) !== passphraseIn(protection))
    throw usage('These were two different passphrases.', 'Start again. Nothing was written.')
  return protection
}

const passphraseIn = (protection: SeedProtection): string | undefined =>
  protection.type === 'passphrase' ? protection.passphrase : undefined

async function protectionOf(shell: Shell, how: StartOptions['seed']): Promise<SeedProtection> {
  if (how.type === 'unencrypted') return how
  const passphrase = how.type === 'file' ? passphraseFrom(how.path) : await askedFor(shell)
  if (passphrase !== '') return { type: 'passphrase', passphrase }
  throw usage('The passphrase is empty.', 'Choose one, or give --unencrypted-seed.')
}

function askedFor(shell: Shell): Promise<string> {
  if (shell.canAsk) return shell.askSecret('Passphrase of the seed')
  throw usage(
    'The seed needs a passphrase, and there is nobody to ask.',
    'Name a file with --passphrase-file, or give --unencrypted-seed if the disk may know the seed.',
  )
}

/** The first line of the file: editors end it with a line break. */
function passphraseFrom(path: string): string {
  const text = readText(path)
  if (text === undefined)
    throw new BookendError('not_found', `There is no file ${path}.`, {
      advice: 'Name the file that holds the passphrase with --passphrase-file.',
      facts: { file: path },
    })
  return text.split(/\r?\n/)[0] ?? ''
}

const WORDS_PER_LINE = 6

/** On a terminal only, and once: in a log they would be stolen. */
function showWords(shell: Shell, phrase: SeedPhrase): void {
  const paint = painter(shell.color)
  const words = phrase.split(' ').map((word, index) => `${`${index + 1}`.padStart(2)} ${word.padEnd(8)}`)
  const lines = [
    'The 24 words of this node. Write them down: they are shown this once, and whoever has them has the money.',
    '',
  ]
  for (let at = 0; at < words.length; at += WORDS_PER_LINE)
    lines.push(
      `  ${paint(
        'strong',
        words
          .slice(at, at + WORDS_PER_LINE)
          .join('  ')
          .trimEnd(),
      )}`,
    )
  shell.out(`${lines.join('\n')}\n\n`)
}
