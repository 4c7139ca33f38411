import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { msat, nodeId } from '../src/base/index.ts'
import {
  chacha20Poly1305Decrypt,
  chacha20Poly1305Encrypt,
  ecdh,
  publicKeyFromSecret,
  sha256,
} from '../src/crypto/index.ts'
import { buildOnion, encodeFinalPayload, peelOnion } from '../src/onion/index.ts'
import { cpuMicros } from './cpu.ts'
import { measurePrimitives, type Primitives } from './primitives.ts'
import { median } from './quantile.ts'

/** What the machine can do at best, in microseconds: everything that the limits are made of. */
export interface Floor extends Primitives {
  /** A write of 1 KiB behind the last one and an `fdatasync`: F of the formulas. */
  readonly sync: number
  /** One way between two processes over TCP on the loopback: L of the formulas. */
  readonly hop: number
  readonly ecdh: number
  /** To encrypt and to decrypt a message of 1.45 KB (an `update_add_htlc`), and one of 100 bytes. */
  readonly aeadLong: number
  readonly aeadShort: number
  readonly onionBuilt: number
  readonly onionPeeled: number
}

export async function measureFloor(): Promise<Floor> {
  const sync = measureSync()
  const hop = await measureHop()
  return { ...measurePrimitives(), ...measureCrypto(), sync, hop }
}

/**
 * One payment, alone, until the payer has the preimage: 4 signatures and 4 verifications, 4 sets of commitment keys with those of
 * HTLCs, 2 revocations made and 2 checked, the onion built and peeled, 3 syncs and 4 hops in a row.
 */
export function untilPreimage(floor: Floor): number {
  const { sign, verify, commitmentKeys, onionBuilt, onionPeeled, aeadLong, aeadShort, sync, hop } = floor
  const messages = aeadLong + 5 * aeadShort
  const keys = commitmentKeys + htlcKeys(floor)
  const work = 4 * (sign + verify + keys + revocation(floor)) + onionBuilt + onionPeeled + messages
  return work + 3 * sync + 4 * hop
}

/** The same until it is settled on both sides: 6 signatures and verifications, 8 sets of keys, 4 revocations, 6 syncs, 6 hops. */
export function fullCycle(floor: Floor): number {
  const { sign, verify, onionBuilt, onionPeeled, aeadLong, aeadShort } = floor
  const messages = aeadLong + 9 * aeadShort
  const work = 6 * (sign + verify) + keysOfCycle(floor) + onionBuilt + onionPeeled + messages
  return work + onTheWay(floor)
}

/** Payments per second where `inFlight` share a cycle. Dust has no HTLC transactions to be signed. */
export function perSecond(floor: Floor, inFlight: number, { dust }: { readonly dust: boolean }): number {
  const { sign, verify, onionBuilt, onionPeeled, aeadLong, aeadShort } = floor
  const sighash = 8 * floor.sha256
  const signatures = dust ? 0 : 2 * (sign + verify + 2 * sighash)
  const each = signatures + onionBuilt + onionPeeled + aeadLong + aeadShort + 4 * floor.sha256
  const shared = 4 * (sign + verify) + keysOfCycle(floor) + onTheWay(floor)
  return (inFlight / (shared + inFlight * each)) * 1e6
}

/** Four commitments with HTLCs and four without, four revocations made and four checked. */
function keysOfCycle(floor: Floor): number {
  return 8 * floor.commitmentKeys + 4 * htlcKeys(floor) + 8 * revocation(floor)
}

/** Two more of a commitment that has HTLCs. */
const htlcKeys = ({ tweak }: Floor): number => 2 * tweak

const onTheWay = ({ sync, hop }: Floor): number => 6 * sync + 6 * hop

/** A point, and the way down the tree of secrets. */
const revocation = (floor: Floor): number => floor.publicKey + 16 * floor.sha256

function measureCrypto(): Pick<Floor, 'ecdh' | 'aeadLong' | 'aeadShort' | 'onionBuilt' | 'onionPeeled'> {
  const secret = sha256(Uint8Array.of(7))
  const sessionKey = sha256(Uint8Array.of(8))
  const point = publicKeyFromSecret(secret)
  const associatedData = sha256(Uint8Array.of(9))
  const payload = encodeFinalPayload({
    type: 'plain',
    amtToForward: msat(1_000_000n),
    totalMsat: msat(1_000_000n),
    outgoingCltvValue: 800_000,
    keysendPreimage: associatedData,
    unknown: [],
  })
  const build = () => buildOnion({ sessionKey, associatedData, hops: [{ nodeId: nodeId(point), payload }] })
  const built = build()
  if (!built.ok) throw new Error('the onion is not built')
  const onion = { packet: built.value.packet, associatedData, nodeSecret: secret }
  return {
    ecdh: cost(() => ecdh(point, sessionKey)),
    aeadLong: cost(aead(1450)),
    aeadShort: cost(aead(100)),
    onionBuilt: cost(build),
    onionPeeled: cost(() => peelOnion(onion)),
  }
}

function aead(length: number): () => unknown {
  const context = { key: sha256(Uint8Array.of(10)), nonce: new Uint8Array(12) }
  const plaintext = new Uint8Array(length)
  return () => chacha20Poly1305Decrypt(context, chacha20Poly1305Encrypt(context, plaintext))
}

/** Over enough calls that a clock in milliseconds is fine enough; the best of some rounds, since others use the machine too. */
export function cost(call: () => unknown): number {
  const rounds: number[] = []
  for (let round = 0; round < 4; round++) {
    let calls = 0
    const start = cpuMicros()
    let end = start
    for (; end - start < 40_000; end = cpuMicros()) {
      for (let i = 0; i < 20; i++) call()
      calls += 20
    }
    rounds.push((end - start) / calls)
  }
  return Math.min(...rounds)
}

function measureSync(): number {
  const folder = mkdtempSync(join(tmpdir(), 'bookend-bench-'))
  const file = openSync(join(folder, 'log'), 'w')
  const block = new Uint8Array(1024).fill(0x5a)
  try {
    return median(
      Array.from({ length: 300 }, () => {
        const start = performance.now()
        writeSync(file, block)
        fdatasyncSync(file)
        return (performance.now() - start) * 1000
      }),
    )
  } finally {
    closeSync(file)
    rmSync(folder, { recursive: true })
  }
}

async function measureHop(): Promise<number> {
  const child = fork(fileURLToPath(new URL('echo.ts', import.meta.url)))
  const [port] = await once(child, 'message')
  const socket = connect({ host: '127.0.0.1', port: Number(port) })
  socket.setNoDelay(true)
  await once(socket, 'connect')
  const message = new Uint8Array(256)
  const times: number[] = []
  for (let i = 0; i < 2_000; i++) {
    const start = performance.now()
    socket.write(message)
    await new Promise(resolve => socket.once('data', resolve))
    times.push(((performance.now() - start) * 1000) / 2)
  }
  socket.destroy()
  await once(child, 'exit')
  return median(times.slice(200))
}
