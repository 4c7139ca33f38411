import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { type Mutant, mutated, NOT_PLANTED, planted, urlOf } from './mutant.ts'
import { MUTANTS } from './table.ts'

// Plants a mutant while modules are loaded: `BOOKEND_MUTANT=<id> node --import ./test/mutants/hook.ts <program>`. So no switch for faults is
// in the product, and without the variable nothing changes. Threads of the program inherit it.

const STDERR = 2

const wanted = process.env.BOOKEND_MUTANT ?? ''
if (wanted !== '') {
  const found = MUTANTS.find(({ id }) => id === wanted)
  if (found === undefined) giveUp(`there is no mutant ${wanted}.`)
  else plant(found)
}

function plant(mutant: Mutant): void {
  const target = urlOf(mutant).href
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context)
      if (url !== target) return loaded
      const { source } = loaded
      const text = typeof source === 'string' || source === undefined ? source : new TextDecoder().decode(source)
      const result = mutated(mutant, text ?? '')
      if (!result.ok) return giveUp(result.complaint)
      writeSync(STDERR, `${planted(mutant)}\n`)
      return { ...loaded, source: result.text }
    },
  })
}

/** At once: a run without its fault would be taken for one that survived it. */
function giveUp(complaint: string): never {
  writeSync(STDERR, `error: ${complaint}\n`)
  process.exit(NOT_PLANTED)
}
