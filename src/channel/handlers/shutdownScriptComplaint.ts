import { bytesEqual, toHex } from '../../base/index.ts'
import type { Facts } from '../outcome.ts'
import { isShutdownScript } from '../shutdownScript.ts'
import type { NegotiatedFeatures } from '../types.ts'

/** What is wrong with a script to close to, ours or the peer's. */
export function scriptComplaint(
  {
    script,
    upfront,
    negotiated,
  }: {
    readonly script: Uint8Array
    readonly upfront: Uint8Array | undefined
    readonly negotiated: Pick<NegotiatedFeatures, 'shutdownAnySegwit' | 'simpleClose'>
  },
  section: string,
): Facts | undefined {
  if (upfront !== undefined && !bytesEqual(script, upfront)) {
    return {
      code: 'upfront_shutdown_script_mismatch',
      expected: `the upfront_shutdown_script ${toHex(upfront)}`,
      got: scriptText(script),
      section,
    }
  }
  return isShutdownScript(script, negotiated) ? undefined : formFacts(script, section)
}

export function formFacts(script: Uint8Array, section: string): Facts {
  return {
    code: 'shutdown_script_not_allowed',
    expected: 'P2WPKH, P2WSH, or a form that option_shutdown_anysegwit or option_simple_close allows',
    got: scriptText(script),
    section,
  }
}

/** A script as people read it in an error. */
export function scriptText(script: Uint8Array): string {
  return script.length === 0 ? 'an empty script' : toHex(script)
}
