/** What a server had to say to a question. */
export type Answer<T> =
  | { readonly type: 'value'; readonly value: T }
  /** It does not have it. */
  | { readonly type: 'absent' }
  /** It says what cannot be, to end the sentence "… answered with …". */
  | { readonly type: 'lie'; readonly what: string }
  /** It says nothing, or to come back later. */
  | { readonly type: 'silent'; readonly reason: string }

export const value = <T>(it: T): Answer<T> => ({ type: 'value', value: it })
export const absent: Extract<Answer<never>, { readonly type: 'absent' }> = { type: 'absent' }
export const lie = (what: string): Extract<Answer<never>, { readonly type: 'lie' }> => ({ type: 'lie', what })
export const silent = (reason: string): Extract<Answer<never>, { readonly type: 'silent' }> => ({
  type: 'silent',
  reason,
})
