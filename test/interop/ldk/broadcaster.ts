import { BroadcasterInterface } from 'lightningdevkit'
import { decodeTx, txid } from '../../../src/bitcoin/index.ts'
import { hex } from './bytes.ts'
import type { LdkEvent } from './protocol.ts'
import type { ChainRpc } from './rpc.ts'

/** Publishes what LDK wants published: alone, or as a package where one pays for the other. */
export class Broadcaster {
  readonly voice: BroadcasterInterface
  readonly #rpc: ChainRpc
  readonly #tell: (event: LdkEvent) => void
  #pending: Promise<void> = Promise.resolve()

  constructor(rpc: ChainRpc, tell: (event: LdkEvent) => void) {
    this.#rpc = rpc
    this.#tell = tell
    this.voice = BroadcasterInterface.new_impl({ broadcast_transactions: txs => this.publish(txs.map(tx => hex(tx))) })
  }

  publish(txs: readonly string[]): void {
    this.#pending = this.#pending.then(() => this.#publish(txs))
  }

  /** Resolves when the chain has answered about everything. */
  idle(): Promise<void> {
    return this.#pending
  }

  async #publish(txs: readonly string[]): Promise<void> {
    const txids = txs.map(idOf)
    const [only] = txs
    const call =
      txs.length === 1 ? this.#rpc('sendrawtransaction', only, 0) : this.#rpc('submitpackage', txs, 0).then(refusedIn)
    await call.then(
      () => this.#tell({ event: 'broadcast', txids }),
      (error: Error) => this.#tell({ event: 'broadcast', txids, refused: error.message }),
    )
  }
}

function refusedIn(answer: unknown): void {
  const { package_msg: message } = answer as { readonly package_msg?: string }
  if (message !== 'success') throw new Error(`submitpackage: ${JSON.stringify(answer)}`)
}

function idOf(raw: string): string {
  const tx = decodeTx(new Uint8Array(Buffer.from(raw, 'hex')))
  return tx.ok ? txid(tx.value) : 'unreadable'
}
