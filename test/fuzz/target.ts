import { isDeepStrictEqual } from 'node:util'
import { bytesEqual, type Codec, type DecodeFailure, decode, encode, type Result, toHex } from '../../src/base/index.ts'
import type { Random } from '../processes/random.ts'

/** One thing that reads what strangers, files or people say. */
export interface Target {
  /** `room.what`; also the name of the file of its corpus. */
  readonly name: string
  /** Good inputs, from which the others are made. The same for each call. */
  seeds(): readonly Uint8Array[]
  /** An input that differs from a good one in what this target's format makes of it; bytes are changed where it is left out. */
  mutate?(input: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array
  /**
   * Judges one input, and says in few words what came of it: inputs with new words are kept. Throws where a rule is broken. It is
   * called again with the same bytes and has to say the same.
   */
  judge(input: Uint8Array): string | Promise<string>
  /** Inputs in a test run, by what one costs. */
  readonly runs: number
}

/** A rule of the target is broken, as against an exception that the code under test let out. */
export class Broken extends Error {
  override readonly name = 'Broken'
}

export function claim(condition: boolean, sentence: () => string): void {
  if (!condition) throw new Broken(sentence())
}

export function claimSame(got: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(got, expected)) throw new Broken(`${what}: ${show(got)} is not ${show(expected)}`)
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`
    return part instanceof Uint8Array ? toHex(part) : part
  })
  return (text ?? 'undefined').slice(0, 600)
}

/** A message without its figures, so that two of one kind are one kind. */
export function kindOf(message: string): string {
  return message
    .replace(/[0-9a-f]{8,}|\d+/g, '#')
    .replace(/(?:-?#, )+-?#/g, '#')
    .slice(0, 160)
}

export interface CodecRules {
  /** Whether there is one form for each value: what was decoded is written as it came. */
  readonly canonical: boolean
  /** How much longer than the input the value may be when it is written; nothing where it is left out. */
  readonly grows?: number
}

/** Never throws; what decodes is written back, no longer than it came, and is the same when it is read again. */
export function judgeCodec<T>(codec: Codec<T>, input: Uint8Array, rules: CodecRules): string {
  const read = decode(codec, input)
  return judgeRead(read, {
    input,
    write: value => encode(codec, value),
    readAgain: bytes => decode(codec, bytes),
    rules,
  })
}

export function judgeRead<T>(
  read: Result<T, Pick<DecodeFailure, 'message'> & { readonly code?: string }>,
  from: {
    readonly input: Uint8Array
    readonly write: (value: T) => Uint8Array
    readonly readAgain: (bytes: Uint8Array) => Result<T, unknown>
    readonly rules: CodecRules
  },
): string {
  if (!read.ok) {
    claim(read.error.message.length > 10, () => 'a failure says what was wrong')
    return `${read.error.code}: ${kindOf(read.error.message)}`
  }
  const { input, rules } = from
  const written = from.write(read.value)
  claim(
    written.length <= input.length + (rules.grows ?? 0),
    () => `${input.length} bytes were read and ${written.length} written`,
  )
  if (rules.canonical) claim(bytesEqual(written, input), () => `written back as ${toHex(written).slice(0, 400)}`)
  else claimSame(from.readAgain(written), read, 'read again')
  return 'ok'
}

/** How large, as a power of two. */
export function sizeClass(length: number): number {
  return 32 - Math.clz32(length)
}

export const utf8Text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
