import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fromHex, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'

// What is kept of a target: one file, one input to a line. An input is hexadecimal, where `(ab)*12` is twelve times the bytes ab, and
// `-` is no bytes at all; lines that begin with # are for people. Inputs that broke a rule stand in files of their own, in the same
// form, and stay there when it is mended.

const FOLDER = new URL('./corpus/', import.meta.url)
const FAILURES = new URL('./corpus/failures/', import.meta.url)
const WORTH_IT = 12

export interface KeptFile {
  readonly target: string
  readonly inputs: readonly Uint8Array[]
}

export function keptOf(target: string): readonly Uint8Array[] {
  return readIfThere(new URL(`${target}.txt`, FOLDER))?.inputs ?? []
}

export function failuresOf(target: string): readonly Uint8Array[] {
  return list(FAILURES).flatMap(name => {
    const file = readIfThere(new URL(name, FAILURES))
    return file?.target === target ? file.inputs : []
  })
}

export function keep(target: string, inputs: readonly Uint8Array[]): void {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(new URL(`${target}.txt`, FOLDER), textOf(target, inputs))
}

/** The path of the file that the input stands in from now on. */
export function keepFailure(target: string, input: Uint8Array, why: string): string {
  mkdirSync(FAILURES, { recursive: true })
  const file = new URL(`${target}-${toHex(sha256(input)).slice(0, 8)}.txt`, FAILURES)
  const reason = why
    .split('\n')
    .slice(0, 3)
    .map(line => `# ${line.slice(0, 200)}\n`)
  writeFileSync(file, textOf(target, [input]) + reason.join(''))
  return file.pathname
}

/** What such a file says, wherever it is. */
export function readKept(path: string | URL): KeptFile {
  const lines = readFileSync(path, 'utf8').split('\n')
  const target = lines[0]?.startsWith('# ') ? lines[0].slice(2) : ''
  return { target, inputs: lines.filter(line => line !== '' && !line.startsWith('#')).map(unpacked) }
}

const textOf = (target: string, inputs: readonly Uint8Array[]): string =>
  `# ${target}\n${inputs.map(input => `${packed(input)}\n`).join('')}`

function readIfThere(file: URL): KeptFile | undefined {
  try {
    return readKept(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function list(folder: URL): readonly string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** Bytes as a line. Onions and keys of tests repeat one byte, or 32, hundreds of times. */
export function packed(input: Uint8Array): string {
  if (input.length === 0) return '-'
  let line = ''
  for (let at = 0; at < input.length; ) {
    const run = [1, 32].map(period => ({ period, times: timesRepeated(input, at, period) }))
    const best = run.find(({ period, times }) => times > 1 && times * period > WORTH_IT)
    const tile = toHex(input.subarray(at, at + (best?.period ?? 1)))
    line += best === undefined ? tile : `(${tile})*${best.times} `
    at += best === undefined ? 1 : best.period * best.times
  }
  return line.trimEnd()
}

function timesRepeated(input: Uint8Array, at: number, period: number): number {
  let end = at + period
  while (end < input.length && input[end] === input[end - period]) end++
  return Math.floor((Math.min(end, input.length) - at) / period)
}

export function unpacked(line: string): Uint8Array {
  if (line === '-') return new Uint8Array(0)
  const hex = line.replace(/\(([0-9a-f]+)\)\*(\d+) ?/g, (_, tile: string, times: string) => tile.repeat(Number(times)))
  return fromHex(hex)
}
