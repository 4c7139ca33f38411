import { type FailureMessage, type FailureName, failureCode, failureName } from '../onion/index.ts'

/** A failure of BOLT 4 for people, with its name for those who want to look it up. */
export function describe(message: FailureMessage): string {
  // The code alone says enough: not everyone sends the data that belong to it.
  const name = message.type === 'unknown' ? failureName(message.code) : message.type
  return name === undefined
    ? `failure code ${failureCode(message)}, which BOLT 4 does not have`
    : `${WORDS[name]} (${name})`
}

const UNREADABLE = 'it cannot read the onion'

const WORDS: Readonly<Record<FailureName, string>> = {
  temporary_node_failure: 'it cannot handle payments now',
  permanent_node_failure: 'it does not handle payments',
  required_node_feature_missing: 'it asks for a feature that the payment does not use',
  invalid_onion_version: UNREADABLE,
  invalid_onion_hmac: UNREADABLE,
  invalid_onion_key: UNREADABLE,
  invalid_onion_blinding: 'it cannot read the onion of a blinded path',
  temporary_channel_failure: 'its channel cannot take the payment now',
  permanent_channel_failure: 'its channel is out of use',
  required_channel_feature_missing: 'its channel asks for a feature that the payment does not use',
  unknown_next_peer: 'it does not know the next node',
  amount_below_minimum: 'the amount is below the least that its channel takes',
  fee_insufficient: 'the fee is too low',
  incorrect_cltv_expiry: 'the expiry does not fit its channel',
  expiry_too_soon: 'the payment would run out too soon',
  incorrect_or_unknown_payment_details:
    'it does not know the invoice, it was paid before or has expired, or amount or expiry are not what it asked for',
  final_incorrect_cltv_expiry: 'the expiry is not what the onion says',
  final_incorrect_htlc_amount: 'the amount is less than the onion says',
  channel_disabled: 'its channel is switched off',
  expiry_too_far: 'the payment would run out too late',
  invalid_onion_payload: 'it cannot read what the onion says',
  mpp_timeout: 'the rest of the payment did not come in time',
}
