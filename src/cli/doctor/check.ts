/** What one look at the installation has found. */
export interface Check {
  readonly name: string
  /** `warn`: it works, and could be better or safer. */
  readonly status: 'ok' | 'warn' | 'fail'
  readonly message: string
  /** What to do about it. */
  readonly advice?: string
}

export const good = (name: string, message: string): Check => ({ name, status: 'ok', message })
export const warn = (name: string, message: string, advice: string): Check => ({
  name,
  status: 'warn',
  message,
  advice,
})
export const fail = (name: string, message: string, advice: string): Check => ({
  name,
  status: 'fail',
  message,
  advice,
})
