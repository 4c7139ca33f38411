import { defined, ok, type Result, type Sat } from '../../base/index.ts'
import { compactSizeLength, encodeTxWithoutWitness, type Tx, type TxOut } from '../../bitcoin/index.ts'
import { redeemScript } from '../consensus.ts'
import {
  feeAtRate,
  MAX_DUST_OUTPUTS_PER_TX,
  MAX_P2SH_SIGOPS,
  MAX_STANDARD_P2WSH_SCRIPT_SIZE,
  MAX_STANDARD_P2WSH_STACK_ITEM_SIZE,
  MAX_STANDARD_P2WSH_STACK_ITEMS,
  MAX_STANDARD_SCRIPT_SIG_SIZE,
  MAX_STANDARD_TAPSCRIPT_STACK_ITEM_SIZE,
  MAX_STANDARD_TX_WEIGHT,
  MAX_STANDARD_VERSION,
  MIN_STANDARD_TX_NONWITNESS_SIZE,
  MIN_STANDARD_VERSION,
  type RelayPolicy,
} from '../params.ts'
import { type Reject, reject } from '../reject.ts'
import {
  countSigops,
  isPayToAnchor,
  isPushOnly,
  isScriptHash,
  isUnspendable,
  scriptKind,
  witnessProgram,
} from '../script.ts'
import { txFacts } from '../txFacts.ts'
import type { Coin } from '../utxo.ts'

// Which shapes of transaction are relayed at all (Core's IsStandardTx, AreInputsStandard, IsWitnessStandard).

/** What can be said without the outputs that are spent. */
export function checkStandardTx(tx: Tx, policy: RelayPolicy): Result<true, Reject> {
  if (tx.version < MIN_STANDARD_VERSION || tx.version > MAX_STANDARD_VERSION) {
    return reject('version', `expected version ${MIN_STANDARD_VERSION} to ${MAX_STANDARD_VERSION}, got ${tx.version}`)
  }
  const { weight } = txFacts(tx)
  if (weight > MAX_STANDARD_TX_WEIGHT) {
    return reject('tx-size', `expected a weight of at most ${MAX_STANDARD_TX_WEIGHT}, got ${weight}`)
  }
  for (const [index, { scriptSig }] of tx.inputs.entries()) {
    if (scriptSig.length > MAX_STANDARD_SCRIPT_SIG_SIZE) {
      return reject('scriptsig-size', `the scriptSig of input ${index} has ${scriptSig.length} bytes`)
    }
    if (!isPushOnly(scriptSig)) return reject('scriptsig-not-pushonly', `input ${index} does more than push`)
  }
  const outputs = checkStandardOutputs(tx, policy)
  if (!outputs.ok) return outputs
  // Short transactions can be mistaken for the inner nodes of a merkle tree.
  const size = encodeTxWithoutWitness(tx).length
  return size >= MIN_STANDARD_TX_NONWITNESS_SIZE
    ? ok(true)
    : reject(
        'tx-size-small',
        `expected ${MIN_STANDARD_TX_NONWITNESS_SIZE} bytes or more outside witnesses, got ${size}`,
      )
}

function checkStandardOutputs(tx: Tx, policy: RelayPolicy): Result<true, Reject> {
  let dataOutputs = 0
  for (const [vout, output] of tx.outputs.entries()) {
    const kind = scriptKind(output.script)
    const tooLong = kind === 'nulldata' && output.script.length > policy.maxDataCarrierBytes
    if (kind === 'nonstandard' || tooLong) {
      return reject('scriptpubkey', `output ${vout} is of no standard kind, or carries too much data`)
    }
    if (kind === 'nulldata') dataOutputs += 1
  }
  const dust = dustOutputs(tx, policy)
  if (dust.length > MAX_DUST_OUTPUTS_PER_TX) {
    return reject('dust', `outputs ${dust.join(', ')} are worth less than spending them costs`)
  }
  return dataOutputs > 1 ? reject('multi-op-return', `expected at most one OP_RETURN, got ${dataOutputs}`) : ok(true)
}

/** The least that an output of this kind has to hold (Core's GetDustThreshold). */
function dustThreshold(output: TxOut, policy: RelayPolicy): Sat {
  if (isUnspendable(output.script)) return 0n as Sat
  const outputSize = 8 + compactSizeLength(output.script.length) + output.script.length
  // An input of 41 bytes, and 107 bytes of signature and key, which count a quarter in a witness.
  const inputSize = 41 + (witnessProgram(output.script) === undefined ? 107 : Math.floor(107 / 4))
  return feeAtRate(policy.dustRelayFeeSatPerKvB, outputSize + inputSize) as Sat
}

/** The outputs below their threshold, by index. */
export function dustOutputs(tx: Tx, policy: RelayPolicy): readonly number[] {
  const found: number[] = []
  for (const [vout, output] of tx.outputs.entries()) {
    if (output.amountSat < dustThreshold(output, policy)) found.push(vout)
  }
  return found
}

/** Whether what is spent is of a known kind, and P2SH scripts are not too costly. */
export function checkStandardInputs(tx: Tx, coins: readonly Coin[]): Result<true, Reject> {
  for (const [index, input] of tx.inputs.entries()) {
    const coin = defined(coins[index], `no coin for input ${index}`)
    const kind = scriptKind(coin.script)
    if (kind === 'nonstandard' || kind === 'witness_unknown') {
      return reject('bad-txns-nonstandard-inputs', `input ${index} spends an output of no standard kind`)
    }
    if (kind !== 'scripthash') continue
    const redeem = redeemScript(input.scriptSig)
    if (redeem === undefined || countSigops(redeem, true) > MAX_P2SH_SIGOPS) {
      return reject('bad-txns-nonstandard-inputs', `input ${index} has no redeem script, or too costly a one`)
    }
  }
  return ok(true)
}

/** Whether witnesses keep to the sizes that are relayed. */
export function checkStandardWitness(tx: Tx, coins: readonly Coin[]): Result<true, Reject> {
  for (const [index, { scriptSig, witness }] of tx.inputs.entries()) {
    if (witness.length === 0) continue
    const coin = defined(coins[index], `no coin for input ${index}`)
    const fault = witnessFault(coin.script, scriptSig, witness)
    if (fault !== undefined) return reject('bad-witness-nonstandard', `input ${index}: ${fault}`)
  }
  return ok(true)
}

function witnessFault(script: Uint8Array, scriptSig: Uint8Array, witness: readonly Uint8Array[]): string | undefined {
  if (isPayToAnchor(script)) return 'an anchor is spent without a witness'
  const wrapped = isScriptHash(script)
  const program = witnessProgram(wrapped ? (redeemScript(scriptSig) ?? new Uint8Array(0)) : script)
  if (program === undefined) return 'a witness for an output that asks for none'
  if (program.version === 0 && program.program.length === 32) return scriptWitnessFault(witness)
  return program.version === 1 && program.program.length === 32 && !wrapped ? taprootWitnessFault(witness) : undefined
}

function scriptWitnessFault(witness: readonly Uint8Array[]): string | undefined {
  const script = witness.at(-1)?.length ?? 0
  const items = witness.slice(0, -1)
  if (script > MAX_STANDARD_P2WSH_SCRIPT_SIZE) return `a witness script of ${script} bytes`
  if (items.length > MAX_STANDARD_P2WSH_STACK_ITEMS) return `${items.length} witness items`
  const longest = Math.max(0, ...items.map(item => item.length))
  return longest > MAX_STANDARD_P2WSH_STACK_ITEM_SIZE ? `a witness item of ${longest} bytes` : undefined
}

const ANNEX_TAG = 0x50
const LEAF_MASK = 0xfe
const TAPSCRIPT_LEAF = 0xc0

function taprootWitnessFault(witness: readonly Uint8Array[]): string | undefined {
  const last = witness.at(-1)
  if (witness.length >= 2 && last?.[0] === ANNEX_TAG) return 'an annex, which is reserved for later (BIP 341)'
  if (witness.length === 1) return undefined
  if (last === undefined || last.length === 0) return 'an empty control block'
  if (((last[0] ?? 0) & LEAF_MASK) !== TAPSCRIPT_LEAF) return undefined
  const longest = Math.max(0, ...witness.slice(0, -2).map(item => item.length))
  return longest > MAX_STANDARD_TAPSCRIPT_STACK_ITEM_SIZE ? `a witness item of ${longest} bytes` : undefined
}
