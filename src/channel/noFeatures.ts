import type { NegotiatedFeatures } from './openingTypes.ts'

/** Of a peer that is not connected: what was negotiated is negotiated anew. */
export const NO_FEATURES: NegotiatedFeatures = {
  upfrontShutdownScript: false,
  shutdownAnySegwit: false,
  simpleClose: false,
  largeChannels: false,
  scidAlias: false,
  zeroConf: false,
  attributionData: false,
}
