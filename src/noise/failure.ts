/**
 * Why the connection has to end: at once, and without a word to the peer (BOLT 8, Handshake Exchange). There is no key in it
 * but a malformed one that the peer sent as its public key, and nothing that was decrypted, so it may be logged.
 */
export interface NoiseFailure {
  /** Stable, for programs. */
  readonly code: /** An act of the handshake with an unknown version. */
    | 'bad_version'
    /** An act with a public key that is no point on the curve. */
    | 'bad_public_key'
    /** The encrypted public key of act three does not fit its tag. */
    | 'bad_ciphertext'
    /** What was authenticated does not fit its tag. */
    | 'bad_tag'
    /** The bytes ended in the middle of an act or a frame. */
    | 'bad_length'
  /** In words: what the rule wants. */
  readonly expected: string
  /** In words and figures: what came. */
  readonly got: string
  /** The document and section with the rule. */
  readonly section: string
}
