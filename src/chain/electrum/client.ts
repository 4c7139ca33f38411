import type { Result } from '../../base/index.ts'
import { type Answer, absent, lie, silent, value } from '../checked/answer.ts'
import { Gate } from '../gate.ts'
import { quoted } from '../words.ts'
import type { ElectrumAddress } from './address.ts'
import { ElectrumLine, type LineLimits } from './line.ts'

/** What servers write where they have too much to do, or we have asked too much of them: nothing was said to the question then. */
const BUSY = /server busy|excessive resource|history too large|too many (requests|history)|rate.?limit|timed out/i
const NO_SUCH_METHOD = /unknown method|method not found/i

/** How one Electrum server is asked. */
export class ElectrumClient {
  readonly #line: ElectrumLine
  readonly #gate: Gate

  constructor(address: ElectrumAddress, limits: LineLimits & { readonly concurrent: number }) {
    this.#line = new ElectrumLine(address, limits)
    this.#gate = new Gate(limits.concurrent)
  }

  /** The result; absent where the server refuses: it does not have what was asked for. */
  async ask(method: string, ...params: readonly unknown[]): Promise<Answer<unknown>> {
    const answer = await this.orRefusal(method, ...params)
    if (answer.type !== 'value') return answer
    return answer.value.ok ? value(answer.value.value) : absent
  }

  /** The result, or a refusal in the words of the server. */
  async orRefusal(method: string, ...params: readonly unknown[]): Promise<Answer<Result<unknown, string>>> {
    const answer = await this.#gate.through(() => this.#line.ask(method, params))
    if (answer.type !== 'value' || answer.value.ok) return answer
    const words = quoted(answer.value.error)
    if (NO_SUCH_METHOD.test(words)) return lie(`a refusal of ${method} (${words})`)
    return BUSY.test(words) ? silent(words) : answer
  }

  close(): void {
    this.#line.close()
  }
}
