// keys: the keys of a channel (BOLT 3): from the words of the seed to basepoints, per-commitment secrets and the keys of a
// commitment. It must not know what a commitment looks like or when a secret may be revealed. Start reading at channelKeys.ts.
export {
  type ChannelBasepoints,
  type ChannelSecrets,
  channelBasepoints,
  deriveChannelSecrets,
} from './channelKeys.ts'
export { commitmentPoint, commitmentSecret, secretIndex } from './commitmentSecrets.ts'
export {
  derivePublicKey,
  deriveRevocationPublicKey,
  deriveRevocationSecretKey,
  deriveSecretKey,
} from './derivation.ts'
export {
  bip39Seed,
  entropyFromSeedPhrase,
  keysFromPhrase,
  parseSeedPhrase,
  type SeedKeys,
  type SeedPhrase,
  type SeedPhraseFailure,
  seedPhraseFromEntropy,
} from './seedPhrase.ts'
export {
  emptySecretStore,
  FIRST_SECRET_INDEX,
  generateSecret,
  insertSecret,
  lookupSecret,
  type SecretStore,
  type StoredSecret,
  secretSlot,
  type WrongSecret,
} from './shachain.ts'
