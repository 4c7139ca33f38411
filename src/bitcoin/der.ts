import { assert, concat, type DecodeFailure, err, ok, type Result } from '../base/index.ts'

// On the Lightning wire a signature is 64 bytes, r then s. In a witness it is DER (BIP 66) and one byte of sighash type.

/** `signature`: 64 bytes, r then s. */
export function signatureToDer(signature: Uint8Array): Uint8Array {
  assert(signature.length === 64, () => `expected a signature of 64 bytes, got ${signature.length}`)
  const r = derInteger(signature.subarray(0, 32))
  const s = derInteger(signature.subarray(32))
  return concat(Uint8Array.of(0x30, r.length + s.length), r, s)
}

/** 64 bytes, r then s, from strict DER (BIP 66) without a sighash byte. Does not judge whether S is low. */
export function signatureFromDer(der: Uint8Array): Result<Uint8Array, DecodeFailure> {
  if (der[0] !== 0x30) return invalid(`expected a DER sequence (BIP 66), got a first byte of ${der[0]}`)
  if (der[1] !== der.length - 2) return invalid(`expected a length of ${der.length - 2} (BIP 66), got ${der[1]}`)
  const r = readInteger(der, 2)
  if (!r.ok) return r
  const s = readInteger(der, r.value.end)
  if (!s.ok) return s
  if (s.value.end !== der.length) return invalid(`${der.length - s.value.end} bytes are left over after S (BIP 66)`)
  return ok(concat(r.value.bytes, s.value.bytes))
}

/** The form in which a witness holds a signature: DER, then the byte of the sighash type. */
export function witnessSignature(signature: Uint8Array, sighashType: number): Uint8Array {
  return concat(signatureToDer(signature), Uint8Array.of(sighashType))
}

/** Positive and as short as can be: no leading zeros, except one that keeps the top bit clear. */
function derInteger(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const body = bytes.subarray(start)
  const padding = (body[0] ?? 0) >= 0x80 ? [0] : []
  return Uint8Array.of(0x02, body.length + padding.length, ...padding, ...body)
}

function readInteger(der: Uint8Array, offset: number): Result<{ bytes: Uint8Array; end: number }, DecodeFailure> {
  const length = der[offset + 1] ?? 0
  const start = offset + 2
  const end = start + length
  if (der[offset] !== 0x02) return invalid(`expected a DER integer at ${offset} (BIP 66), got ${der[offset]}`)
  if (length === 0 || end > der.length)
    return invalid(`an integer of ${length} bytes at ${offset} does not fit (BIP 66)`)
  const first = der[start] ?? 0
  const second = der[start + 1] ?? 0
  if (first >= 0x80) return invalid('expected a positive integer (BIP 66), got a negative one')
  if (first === 0 && length > 1 && second < 0x80) return invalid('an integer has a needless zero in front (BIP 66)')
  const body = der.subarray(first === 0 ? start + 1 : start, end)
  if (body.length > 32) return invalid(`expected an integer of at most 32 bytes, got ${body.length}`)
  const bytes = new Uint8Array(32)
  bytes.set(body, 32 - body.length)
  return ok({ bytes, end })
}

function invalid(message: string): { readonly ok: false; readonly error: DecodeFailure } {
  return err({ code: 'invalid', message })
}
