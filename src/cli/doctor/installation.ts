import type { CryptoReport } from '../../node/index.ts'
import { type Check, fail, good, warn } from './check.ts'

const NEEDED_NODE = 24

export function checkNodeVersion(version: string = process.versions.node): Check {
  const isEnough = Number.parseInt(version, 10) >= NEEDED_NODE
  if (isEnough) return good('Node', version)
  return fail('Node', `${version} is too old`, `Install Node ${NEEDED_NODE} or newer: https://nodejs.org`)
}

/** `install` puts the fastest cryptography that runs here into place, and tells which it is. */
export async function checkCrypto(install: () => Promise<CryptoReport>): Promise<Check> {
  try {
    const { secp256k1, hashes } = await install()
    const found = `secp256k1 ${secp256k1.name}, hashes ${hashes.name}`
    const [missed] = [...secp256k1.tried, ...hashes.tried]
    if (missed === undefined) return good('cryptography', found)
    const advice =
      'It works, and is slower. Run `npm ci` (or `npm rebuild secp256k1`) on this machine, with a compiler at hand.'
    return warn('cryptography', `${found}; ${missed.name} does not run here: ${missed.reason}`, advice)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return fail('cryptography', message, 'Leave BOOKEND_CRYPTO out, and run `npm ci` again.')
  }
}
