import { expect, test } from 'vitest'
import { sha256 } from '../../src/crypto/index.ts'
import { createNode, PipeHub, pipe, regtest } from '../../src/node/index.ts'
import { createRegtestChain } from '../../src/regtest/index.ts'
import { decodeMessage, FEATURES, offersFeature } from '../../src/wire/index.ts'

// BOLT 9: what a node says of itself in `init`.

/** Whether a node with this option offers to pass onion messages on. */
async function offers(options: { readonly onionMessages?: boolean }): Promise<boolean> {
  const hub = new PipeHub()
  const address = { host: 'alice', port: 9735 }
  const chain = regtest(createRegtestChain())
  const alice = await createNode({ chain, net: pipe({ hub, listen: address }), ...options })
  const stranger = pipe({ hub }).network(sha256(Uint8Array.of(1)))
  const heard: Uint8Array[] = []
  const listener = {
    onMessages: async (messages: readonly Uint8Array[]) => void heard.push(...messages),
    onEnd: () => undefined,
  }
  const connection = await stranger.dial({ ...address, nodeId: alice.nodeId }, () => listener)
  for (let i = 0; i < 500 && heard.length === 0; i++) await new Promise(resolve => setTimeout(resolve, 10))
  const first = decodeMessage(heard[0] ?? new Uint8Array(0))
  if (!first.ok || first.value.type !== 'init') throw new Error('the first message is init')
  const offered = offersFeature(first.value.features, FEATURE)
  connection.close()
  await alice.stop()
  return offered
}

const FEATURE = 'option_onion_messages'

test('onion messages are offered where they were asked for, and not by default', async () => {
  expect(FEATURES[FEATURE].bit).toBe(38)
  expect(await offers({})).toBe(false)
  expect(await offers({ onionMessages: false })).toBe(false)
  expect(await offers({ onionMessages: true })).toBe(true)
})
