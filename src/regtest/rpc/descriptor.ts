import { toHex } from '../../base/index.ts'
import { addressFromScript, parseScript } from '../../bitcoin/index.ts'
import { isPublicKey } from '../../crypto/index.ts'
import type { ScriptKind } from '../script.ts'

// Output descriptors (BIP 380) of scripts whose keys nobody has told us, as Core's `InferDescriptor` gives them.

/** The descriptor of an output script with its checksum. */
export function descriptorOf(script: Uint8Array, kind: ScriptKind): string {
  const body = bodyOf(script, kind)
  return `${body}#${descriptorChecksum(body)}`
}

function bodyOf(script: Uint8Array, kind: ScriptKind): string {
  const address = addressFromScript(script, 'regtest')
  if (kind === 'pubkey') return `pk(${toHex(script.slice(1, -1))})`
  if (kind === 'multisig') return multisigBody(script)
  // BIP 386: an output key that is a point stands for itself.
  if (kind === 'witness_v1_taproot' && isPublicKey(Uint8Array.of(2, ...script.slice(2)))) {
    return `rawtr(${toHex(script.slice(2))})`
  }
  return address === undefined ? `raw(${toHex(script)})` : `addr(${address})`
}

function multisigBody(script: Uint8Array): string {
  const parsed = parseScript(script)
  const operations = parsed.ok ? parsed.value : []
  const keys = operations.flatMap(({ data }) => (data === undefined ? [] : [toHex(data)]))
  const needed = (operations[0]?.opcode ?? 0x50) - 0x50
  return `multi(${[needed, ...keys].join(',')})`
}

const INPUT_CHARACTERS =
  '0123456789()[],\'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#"\\ '
const CHECKSUM_CHARACTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const GENERATOR = [0xf5dee51989n, 0xa9fdca3312n, 0x1bab10e32dn, 0x3706b1677an, 0x644d626ffdn] as const

/** Eight characters that tell a mistyped descriptor (BIP 380, checksum). */
function descriptorChecksum(body: string): string {
  let sum = 1n
  let group = 0
  let inGroup = 0
  for (const character of body) {
    const position = INPUT_CHARACTERS.indexOf(character)
    sum = polymod(sum, position & 31)
    group = group * 3 + (position >> 5)
    inGroup += 1
    if (inGroup < 3) continue
    sum = polymod(sum, group)
    group = 0
    inGroup = 0
  }
  if (inGroup > 0) sum = polymod(sum, group)
  for (let i = 0; i < 8; i++) sum = polymod(sum, 0)
  sum ^= 1n
  return Array.from({ length: 8 }, (_, i) => CHECKSUM_CHARACTERS[Number((sum >> BigInt(5 * (7 - i))) & 31n)]).join('')
}

function polymod(sum: bigint, value: number): bigint {
  const top = sum >> 35n
  let next = ((sum & 0x7ffffffffn) << 5n) ^ BigInt(value)
  for (const [bit, term] of GENERATOR.entries()) if ((top >> BigInt(bit)) & 1n) next ^= term
  return next
}
