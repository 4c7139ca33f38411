import { z } from 'zod'

const said = { error: 'expected 1 to 255 printable ASCII characters, without spaces' }

/** A call that moves money carries it, so that it can be repeated in doubt: it is carried out once, over restarts. */
export const repeatableHeaders = z.object({
  'Idempotency-Key': z
    .string(said)
    .regex(/^[\x21-\x7e]{1,255}$/, said)
    .optional()
    .meta({
      description:
        'A call with the same key and the same content is carried out once, and each gets the same answer. With other content it is refused.',
    }),
})
