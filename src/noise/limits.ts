/** The tag of ChaCha20-Poly1305. */
export const TAG_BYTES = 16

/** The longest message that there is (BOLT 8, Lightning Message Specification). */
export const MAX_MESSAGE_BYTES = 65535

/** The length of a message as it travels: two bytes, encrypted, and their tag. */
export const ENCRYPTED_LENGTH_BYTES = 2 + TAG_BYTES

/** One frame: the encrypted length, the encrypted message, its tag. A peer never makes us keep more bytes than this. */
export const MAX_FRAME_BYTES = ENCRYPTED_LENGTH_BYTES + MAX_MESSAGE_BYTES + TAG_BYTES
