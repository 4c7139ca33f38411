import { bech32, bech32m, createBase58check } from '@scure/base'
import { concat, type DecodeFailure, err, ok, type Result } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { classifyScript, p2pkhScript, p2shScript, witnessProgram, witnessProgramScript } from './outputScripts.ts'

export type Network = 'bitcoin' | 'testnet' | 'signet' | 'regtest'

interface Prefixes {
  /** The human-readable part of segwit addresses (BIP 173). */
  readonly hrp: string
  /** The first byte of base58 addresses. */
  readonly p2pkh: number
  readonly p2sh: number
}

const PREFIXES: { readonly [N in Network]: Prefixes } = {
  bitcoin: { hrp: 'bc', p2pkh: 0x00, p2sh: 0x05 },
  testnet: { hrp: 'tb', p2pkh: 0x6f, p2sh: 0xc4 },
  signet: { hrp: 'tb', p2pkh: 0x6f, p2sh: 0xc4 },
  regtest: { hrp: 'bcrt', p2pkh: 0x6f, p2sh: 0xc4 },
}

const base58 = createBase58check(sha256)

/** The address of an output script; `undefined` for OP_RETURN and other scripts that have none. */
export function addressFromScript(script: Uint8Array, network: Network): string | undefined {
  const prefixes = PREFIXES[network]
  const type = classifyScript(script)
  if (type === 'p2pkh') return base58.encode(concat(Uint8Array.of(prefixes.p2pkh), script.subarray(3, 23)))
  if (type === 'p2sh') return base58.encode(concat(Uint8Array.of(prefixes.p2sh), script.subarray(2, 22)))
  const witness = witnessProgram(script)
  if (witness === undefined || type === 'nonstandard') return undefined
  // BIP 350: version 0 keeps the checksum of bech32, all later ones have that of bech32m.
  const codec = witness.version === 0 ? bech32 : bech32m
  return codec.encode(prefixes.hrp, [witness.version, ...codec.toWords(witness.program)])
}

/** The output script of an address of this network; testnet and signet share their addresses (BIP 173, 350; base58check). */
export function scriptFromAddress(text: string, network: Network): Result<Uint8Array, DecodeFailure> {
  const prefixes = PREFIXES[network]
  const separator = text.lastIndexOf('1')
  const prefix = text.slice(0, Math.max(separator, 0)).toLowerCase()
  if (prefix === prefixes.hrp) return segwitScript(text)
  const payload = attempt(() => base58.decode(text))
  if (payload === undefined || payload.length !== 21) {
    return invalid(`expected an address of ${network}, got ${text.slice(0, 100)}`)
  }
  if (payload[0] === prefixes.p2pkh) return ok(p2pkhScript(payload.slice(1)))
  if (payload[0] === prefixes.p2sh) return ok(p2shScript(payload.slice(1)))
  return invalid(`expected an address of ${network}, got one with version byte ${payload[0]}`)
}

/** The human-readable part has been compared already. */
function segwitScript(text: string): Result<Uint8Array, DecodeFailure> {
  const v0 = bech32.decodeUnsafe(text)
  const decoded = v0 ?? bech32m.decodeUnsafe(text)
  if (decoded === undefined) return invalid('the checksum of the address is wrong (BIP 173, BIP 350)')
  const version = decoded.words[0] ?? 0xff
  if (version > 16) return invalid(`expected a witness version of 0 to 16, got ${version}`)
  if ((version === 0) !== (v0 !== undefined)) {
    return invalid(`witness version ${version} has the checksum of another version (BIP 350)`)
  }
  const program = attempt(() => bech32.fromWords(decoded.words.slice(1)))
  if (program === undefined) return invalid('the witness program has non-zero or too much padding (BIP 173)')
  const fits =
    version === 0 ? program.length === 20 || program.length === 32 : program.length >= 2 && program.length <= 40
  if (!fits) return invalid(`a witness program of version ${version} does not have ${program.length} bytes (BIP 141)`)
  return ok(witnessProgramScript({ version, program }))
}

/** The library throws for malformed text; for us that is an ordinary outcome. */
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch {
    return undefined
  }
}

function invalid(message: string): { readonly ok: false; readonly error: DecodeFailure } {
  return err({ code: 'invalid', message })
}
