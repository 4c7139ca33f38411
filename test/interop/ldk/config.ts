import {
  ChannelConfig,
  ChannelHandshakeConfig,
  ChannelHandshakeLimits,
  MaxDustHTLCExposure,
  UserConfig,
} from 'lightningdevkit'
import type { LdkOptions } from './protocol.ts'

/** More at once than it takes without trouble (240). */
const MAX_ACCEPTED_HTLCS = 240
/** In the other's money, for the delay of its own output: short, so that tests need few blocks. */
const TO_SELF_DELAY = 144
const MAX_DUST_EXPOSURE_MSAT = 50_000_000n

/**
 * LDK as it comes, and with anchors switched on, which its defaults leave out. Where asked to, it is ready for channels that are not
 * confirmed, and opens those of its own with option_scid_alias.
 */
export function configOf({ zeroConf = false, scidPrivacy = false }: Partial<LdkOptions>): UserConfig {
  const config = UserConfig.constructor_default()
  const handshake = ChannelHandshakeConfig.constructor_default()
  handshake.set_minimum_depth(1)
  handshake.set_our_to_self_delay(TO_SELF_DELAY)
  handshake.set_max_inbound_htlc_value_in_flight_percent_of_channel(100)
  handshake.set_negotiate_anchors_zero_fee_htlc_tx(true)
  handshake.set_our_max_accepted_htlcs(MAX_ACCEPTED_HTLCS)
  handshake.set_negotiate_scid_privacy(scidPrivacy)
  config.set_channel_handshake_config(handshake)
  const limits = ChannelHandshakeLimits.constructor_default()
  limits.set_trust_own_funding_0conf(zeroConf)
  limits.set_force_announced_channel_preference(false)
  config.set_channel_handshake_limits(limits)
  const channel = ChannelConfig.constructor_default()
  channel.set_max_dust_htlc_exposure(MaxDustHTLCExposure.constructor_fixed_limit_msat(MAX_DUST_EXPOSURE_MSAT))
  config.set_channel_config(channel)
  // All channels are private here, and LDK is between two of ours, or we between two of its.
  config.set_accept_forwards_to_priv_channels(true)
  // Anchors are accepted by hand alone, since whoever accepts them needs coins for the fees.
  config.set_manually_accept_inbound_channels(true)
  return config
}
