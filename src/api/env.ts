import type { HttpBindings } from '@hono/node-server'
import type { Token } from '../engine/index.ts'

/** Who calls: whoever can read the data directory, or the holder of a token. */
export type Caller = { readonly kind: 'owner' } | { readonly kind: 'token'; readonly token: Token }

/** What goes with a request on its way through the routes. */
export type ApiEnv = { Bindings: HttpBindings; Variables: { caller: Caller } }
