import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { expectDemoJson } from './demoSchema.ts'

// `bookend demo` in processes of its own, with a stand-in for the run itself (demoStub.ts).

const BIN = fileURLToPath(new URL('../../bin/bookend.js', import.meta.url))
const STUB = new URL('demoStub.ts', import.meta.url).href
const WITH_STUB = [
  '--import',
  `data:text/javascript,import{registerHooks}from'node:module';registerHooks({resolve:(name,from,next)=>name==='./run.ts'?{url:'${STUB}',shortCircuit:true}:next(name,from)})`,
]

function environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, BOOKEND_DEBUG: ___, ...rest } = process.env
  return { ...rest, NODE_OPTIONS: '', ...more }
}

function demo(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ended = spawnSync(process.execPath, [...WITH_STUB, BIN, 'demo', ...args], {
    encoding: 'utf8',
    env: environment(env),
  })
  return { code: ended.status, out: ended.stdout, errors: ended.stderr }
}

describe('bookend demo', () => {
  it('says what it takes', () => {
    const ended = demo(['--help'])
    expect(ended).toMatchObject({ code: 0, errors: '' })
    for (const word of [
      '--scenario',
      'cooperative',
      'vanish',
      'cheat',
      '--payments',
      '1,000,000',
      '--json',
      '--no-color',
    ])
      expect(ended.out).toContain(word)
  })

  it.each([
    [['--scenario', 'force'], /^error: --scenario is one of cooperative, vanish, cheat, not 'force'\.\n$/],
    [['--payments', '-1'], /^error: --payments is a whole number from 0 to 1,000,000, in digits only, not '-1'\.\n$/],
    [['--payments=many', '--json'], /^error: --payments is a whole number .*, not 'many'\.\n$/],
    [['--payments'], /^error: .*--payments.* missing; allowed are --scenario <name>, .*--json.*\n$/],
    [['--sceanrio', 'cheat'], /^error: unknown option '--sceanrio'; allowed are --scenario <name>, .*--json.*\n$/],
    [['cheat'], /^error: 'cheat' is not an option; allowed are --scenario <name>, .*--json.*\n$/],
  ])('refuses %j in one sentence, with exit code 2', (args, sentence) => {
    const ended = demo(args)
    expect(ended).toMatchObject({ code: 2, out: '' })
    expect(ended.errors).toMatch(sentence)
  })

  it('prints the summary on stdout and plain lines on stderr where there is no terminal', () => {
    const ended = demo(['--payments', '7'])
    expect(ended.code).toBe(0)
    expect(ended.out).toMatch(/^bookend demo: both agree to close[\s\S]*at most 7 in flight[\s\S]*✔ .*\n$/)
    expect(ended.out + ended.errors).not.toContain('\u001b')
    expect(ended.errors.split('\n')).toHaveLength(12)
    expect(ended.errors).toMatch(/^Opening a channel\n1 of 10 payments/)
  })

  it('takes --no-color, which beats a FORCE_COLOR', () => {
    expect(demo([], { FORCE_COLOR: '1' }).out).toContain('\u001b[94mAlice')
    expect(demo(['--no-color'], { FORCE_COLOR: '1' }).out).not.toContain('\u001b')
  })

  it('prints one JSON object and nothing else with --json', () => {
    const ended = demo(['--json', '--scenario', 'cooperative'])
    expect(ended).toMatchObject({ code: 0, errors: '' })
    expectDemoJson(JSON.parse(ended.out), { scenario: 'cooperative', count: 10_000 })
  })

  it('ends with exit code 1 and says so when the sums do not come out', () => {
    const [told, json] = [demo([], { DEMO_OUTCOME: 'wrong' }), demo(['--json'], { DEMO_OUTCOME: 'wrong' })]
    expect(told).toMatchObject({ code: 1, out: expect.stringContaining('THIS DOES NOT ADD UP: 1 SAT OFF') })
    expect(json).toMatchObject({ code: 1, errors: expect.stringMatching(/^This does not add up: .*10,000,001 is not/) })
    expect(JSON.parse(json.out)).toMatchObject({ addsUp: false })
  })

  it('says in a sentence what failed, with exit code 1; the stack is for BOOKEND_DEBUG', () => {
    const sentence = 'The demo failed: the chain refused the funding transaction\n'
    expect(demo(['--json'], { DEMO_OUTCOME: 'throws' })).toEqual({ code: 1, out: '', errors: sentence })
    const debugged = demo(['--json'], { DEMO_OUTCOME: 'throws', BOOKEND_DEBUG: '1' })
    expect(debugged).toMatchObject({
      code: 1,
      out: '',
      errors: expect.stringMatching(/^The demo failed.*\n[\s\S]* at /),
    })
  })

  it('ends with exit code 130 on Ctrl-C', async () => {
    const child = spawn(process.execPath, [...WITH_STUB, BIN, 'demo'], { env: environment({ DEMO_OUTCOME: 'hangs' }) })
    const ended = once(child, 'exit')
    await once(child.stderr, 'data')
    child.kill('SIGINT')
    expect(await ended).toEqual([130, null])
  })
})
