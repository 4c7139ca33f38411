import { bytesEqual, fromHex } from '../../base/index.ts'
import {
  type HashBackend,
  installBackends,
  pureHashes,
  pureSecp256k1,
  type Secp256k1Backend,
} from '../../crypto/index.ts'
import { loadNativeHashes } from './nativeHashes.ts'
import { loadNativeSecp256k1 } from './nativeSecp256k1.ts'
import { loadWasmSecp256k1 } from './wasmSecp256k1.ts'

/** Which backend answers now, and which better ones could not be had and why. */
export interface BackendReport<Name extends string> {
  readonly name: Name
  readonly tried: readonly { readonly name: Name; readonly reason: string }[]
}

export interface CryptoReport {
  readonly secp256k1: BackendReport<Secp256k1Backend['name']>
  readonly hashes: BackendReport<HashBackend['name']>
}

/** How each backend is had, best first. A loader throws where its library does not run. */
export interface BackendLoaders {
  readonly secp256k1: readonly Loader<Secp256k1Backend>[]
  readonly hashes: readonly Loader<HashBackend>[]
}

interface Loader<Backend extends { readonly name: string }> {
  readonly name: Backend['name']
  load(): Backend | Promise<Backend>
}

/** The user asked for a backend by name (`BOOKEND_CRYPTO`) that does not exist or does not run here. */
export class CryptoBackendError extends Error {
  override readonly name = 'CryptoBackendError'
  readonly code: 'unknown_backend' | 'unavailable_backend'
  constructor(code: CryptoBackendError['code'], message: string) {
    super(message)
    this.code = code
  }
}

const LOADERS: BackendLoaders = {
  secp256k1: [
    { name: 'native', load: loadNativeSecp256k1 },
    { name: 'wasm', load: loadWasmSecp256k1 },
    { name: 'pure', load: () => pureSecp256k1(pureHashes) },
  ],
  hashes: [
    { name: 'native', load: loadNativeHashes },
    { name: 'pure', load: () => pureHashes },
  ],
}

/**
 * Puts the fastest backends that run here behind the crypto door: native, then WASM, then pure.
 *
 * `wanted` names the only one to take: `native` or `pure` for curve and hashes both, `wasm` for the curve (the hashes
 * have no such build and are chosen as usual). It defaults to the environment variable `BOOKEND_CRYPTO`.
 * Rejects with `CryptoBackendError`, and changes nothing, when that one does not exist or does not run here.
 */
export async function installBestBackends(
  wanted: string | undefined = process.env.BOOKEND_CRYPTO,
  loaders: BackendLoaders = LOADERS,
): Promise<CryptoReport> {
  const forced = parseWanted(wanted)
  const secp256k1 = await firstThatRuns(loaders.secp256k1, forced, checkSecp256k1)
  const hashes = await firstThatRuns(loaders.hashes, forced === 'wasm' ? undefined : forced, checkHashes)
  installBackends({ secp256k1: secp256k1.backend, hashes: hashes.backend })
  return { secp256k1: secp256k1.report, hashes: hashes.report }
}

let installed: Promise<CryptoReport> | undefined

/** The same once in a process: what was put there since then, by whom it may be, stays. */
export function ensureBackends(): Promise<CryptoReport> {
  installed ??= installBestBackends().catch((error: unknown) => {
    // What went wrong may be put right before the next start.
    installed = undefined
    throw error
  })
  return installed
}

type Forced = Secp256k1Backend['name'] | undefined

function parseWanted(wanted: string | undefined): Forced {
  if (wanted === undefined || wanted === '') return undefined
  if (wanted === 'native' || wanted === 'wasm' || wanted === 'pure') return wanted
  const message = `BOOKEND_CRYPTO is "${wanted}"; it may be native, wasm or pure, or be left out to take the fastest that runs here.`
  throw new CryptoBackendError('unknown_backend', message)
}

async function firstThatRuns<Backend extends { readonly name: string }>(
  loaders: readonly Loader<Backend>[],
  forced: Forced,
  check: (backend: Backend) => void,
): Promise<{ readonly backend: Backend; readonly report: BackendReport<Backend['name']> }> {
  const tried: { name: Backend['name']; reason: string }[] = []
  for (const { name, load } of loaders) {
    if (forced !== undefined && name !== forced) continue
    try {
      const backend = await load()
      check(backend)
      return { backend, report: { name, tried } }
    } catch (error) {
      // Whatever is wrong with a library, the answer is the same: say why, and take the next one.
      tried.push({ name, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  const reasons = tried.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
  const message = `The crypto backend that was asked for does not run here (${reasons}). Leave BOOKEND_CRYPTO out to take the fastest that does.`
  throw new CryptoBackendError('unavailable_backend', message)
}

const ones = new Uint8Array(32).fill(1)
const twos = new Uint8Array(32).fill(2)
const KNOWN = {
  publicKey: fromHex('031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f'),
  signature: fromHex(
    '97ef30233ead25d10f7bb2bf9eaf571a16f2deb33a75f20819284f0cb8ff3cc14870ca05940199c113b4dc77866f001702691cde269f6835581e7aea1ead2660',
  ),
  hash160: fromHex('b43e1b38138a41b37f7cd9a1d274bc63e3a9b5d1'),
  hmac: fromHex('7321406e0c880fd92597898beb393af2aebed51ab5cdf1d52e5991f9afadd2de'),
}

/** A library that loads but answers wrong would sign wrong: one known answer before it is trusted. */
function checkSecp256k1(backend: Secp256k1Backend): void {
  const publicKey = backend.publicKey(ones)
  const signature = backend.sign(twos, ones)
  const right = bytesEqual(publicKey, KNOWN.publicKey) && bytesEqual(signature, KNOWN.signature)
  if (!right || !backend.verify(signature, twos, publicKey)) throw new Error('it gave a wrong answer to a known case')
}

function checkHashes(backend: HashBackend): void {
  const hash160 = backend.ripemd160(backend.sha256(twos))
  const right = bytesEqual(hash160, KNOWN.hash160) && bytesEqual(backend.hmacSha256(ones, twos), KNOWN.hmac)
  if (!right) throw new Error('it gave a wrong answer to a known case')
}
