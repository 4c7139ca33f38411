import type { PaymentJson } from '../schemas/payments.ts'
import type { PaymentProgressJson } from '../schemas/routes.ts'
import { type Caller, givenUp, isErrorJson, toldIn, unreachable } from './call.ts'
import { readMessages } from './messages.ts'

interface PayCall {
  readonly body: object
  readonly idempotencyKey: string | undefined
  readonly waiting: { readonly signal: AbortSignal | undefined }
}

/** Pays, and hears how it goes until it has ended. */
export async function payTelling(
  call: Caller,
  { waiting, ...request }: PayCall,
  onProgress: (progress: PaymentProgressJson) => void,
): Promise<PaymentJson> {
  const { signal } = waiting
  const own = new AbortController()
  const either = signal === undefined ? own.signal : AbortSignal.any([signal, own.signal])
  const headers = { Accept: 'text/event-stream' }
  const answer = await call.response('POST', '/v1/payments', { ...request, headers, waiting: { signal: either } })
  try {
    for await (const { event, data } of readMessages(answer, { url: call.url, onSilence: () => own.abort() })) {
      // The node wrote each by its schema.
      const value: unknown = JSON.parse(data)
      if (event === 'progress') onProgress(value as PaymentProgressJson)
      else if (event === 'payment') return value as PaymentJson
      else if (isErrorJson(value)) throw toldIn(value)
    }
    // What came of it is not known: whoever asks again with the same key hears it.
    throw unreachable(call.url, new Error('the answer broke off'))
  } catch (error) {
    throw signal?.aborted === true ? givenUp(error) : error
  } finally {
    own.abort()
  }
}
