import { ok, toHex } from '../../../base/index.ts'
import { addressFromScript, scriptFromAddress, witnessProgram } from '../../../bitcoin/index.ts'
import { scriptKind } from '../../script.ts'
import { defineCall } from '../call.ts'
import { btc, type Json } from '../json.ts'
import { anything, optional, text } from '../params.ts'

// The server itself, the network it does not have, and addresses.

/** Callers decide by this number what a node can do: the rules here are those of Bitcoin Core 29. */
const CORE_VERSION = 290_000
const SUBVERSION = '/Satoshi:29.0.0(bookend)/'
const PROTOCOL_VERSION = 70_016

const getNetworkInfo = defineCall('getnetworkinfo', {
  does: 'Tells the version whose rules are followed. There are no peers and never will be.',
  params: {},
  run: ({ chain }) =>
    ok({
      version: CORE_VERSION,
      subversion: SUBVERSION,
      protocolversion: PROTOCOL_VERSION,
      localservices: '0000000000000009',
      localservicesnames: ['NETWORK', 'WITNESS'],
      localrelay: true,
      timeoffset: 0,
      networkactive: false,
      connections: 0,
      connections_in: 0,
      connections_out: 0,
      networks: [],
      relayfee: btc(chain.policy.minRelayFeeSatPerKvB),
      incrementalfee: btc(chain.policy.incrementalRelayFeeSatPerKvB),
      localaddresses: [],
      warnings: [],
    }),
})

const getPeerInfo = defineCall('getpeerinfo', {
  does: 'Lists the peers: there are none.',
  params: {},
  run: () => ok([]),
})

const getIndexInfo = defineCall('getindexinfo', {
  does: 'Tells the indexes: that of transactions is always complete.',
  params: { index_name: optional(text, 'txindex') },
  run: ({ chain }, { index_name }) =>
    ok(index_name === 'txindex' ? { txindex: { synced: true, best_block_height: chain.height } } : {}),
})

const getZmqNotifications = defineCall('getzmqnotifications', {
  does: 'Lists what is told over ZeroMQ: nothing is.',
  params: {},
  run: () => ok([]),
})

const validateAddress = defineCall('validateaddress', {
  does: 'Tells whether a text is an address of regtest, and what it stands for.',
  params: { address: text },
  run: (_, { address }) => {
    const script = scriptFromAddress(address, 'regtest')
    if (!script.ok) return ok({ isvalid: false, error_locations: [], error: script.error.message })
    return ok(addressView(address, script.value))
  },
})

const upTime = defineCall('uptime', {
  does: 'Tells for how many seconds the server has been running.',
  params: {},
  run: ({ now, startedAt }) => ok(now() - startedAt),
})

const echo = defineCall('echo', {
  does: 'Gives back what it was given, up to four values.',
  params: { arg0: anything, arg1: anything, arg2: anything, arg3: anything },
  run: (_, args) => {
    const values = Object.values(args)
    const given = values.slice(0, values.findLastIndex(value => value !== undefined) + 1)
    // What came over the wire is JSON, and goes back as it came.
    return ok(given as Json[])
  },
})

const stop = defineCall('stop', {
  does: 'Saves and ends the server.',
  params: {},
  run: session => {
    session.stop()
    return ok('Bookend regtest stopping')
  },
})

const help = defineCall('help', {
  does: 'Lists all calls, or tells about one.',
  params: { command: optional(text, '') },
  run: ({ usages }, { command }) => {
    if (command !== '') return ok(usages.get(command) ?? `help: unknown command: ${command}`)
    const firstLines = [...usages.values()].map(usage => usage.slice(0, usage.indexOf('\n')))
    return ok(firstLines.toSorted().join('\n'))
  },
})

export const CONTROL_CALLS = [
  getNetworkInfo,
  getPeerInfo,
  getIndexInfo,
  getZmqNotifications,
  validateAddress,
  upTime,
  echo,
  stop,
  help,
]

/** Kinds of output that run a script of somebody's, in Core's eyes. */
const SCRIPT_KINDS = ['scripthash', 'witness_v0_scripthash', 'witness_v1_taproot', 'anchor']

function addressView(given: string, script: Uint8Array): Readonly<Record<string, Json | undefined>> {
  const kind = scriptKind(script)
  const witness = witnessProgram(script)
  return {
    isvalid: true,
    address: addressFromScript(script, 'regtest') ?? given,
    scriptPubKey: toHex(script),
    isscript: kind === 'witness_unknown' ? undefined : SCRIPT_KINDS.includes(kind),
    iswitness: witness !== undefined,
    witness_version: witness?.version,
    witness_program: witness && toHex(witness.program),
  }
}
