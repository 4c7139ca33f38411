import {
  dependenciesHaveReasons,
  linksLead,
  locksAgree,
  manifestPointsAtSources,
  planIsDrawn,
  readmeCommandsAreRun,
} from './documents.ts'
import {
  doorsOpenWithWords,
  everyTestRuns,
  filesFitOneIdea,
  noAny,
  noBang,
  noSilencedCompiler,
  nothingLeftUndone,
  nothingOfThisMachine,
} from './habits.ts'
import { floorsAndDoors, noCycles, packagesAtHome, roomsHaveFloors } from './imports.ts'
import { pureFloors } from './purity.ts'
import type { Rule } from './tree.ts'

/** All that the house asks, by the sentence that it asks for. */
export const RULES: Readonly<Record<string, Rule>> = {
  'each room has a floor': roomsHaveFloors,
  'a room imports only lower floors, through their doors': floorsAndDoors,
  'each package is known to its rooms alone': packagesAtHome,
  'no imports in a circle': noCycles,
  'the pure floors are pure': pureFloors,
  'each room has a door that opens with words': doorsOpenWithWords,
  'no any': noAny,
  'no non-null assertion in the source': noBang,
  'the compiler is not silenced': noSilencedCompiler,
  'every test runs': everyTestRuns,
  'nothing is left undone': nothingLeftUndone,
  'one file, one idea': tree => filesFitOneIdea(tree),
  'nothing of one machine': nothingOfThisMachine,
  'links in documents lead somewhere': linksLead,
  'each dependency has a reason and a version': dependenciesHaveReasons,
  'what package.json offers exists': manifestPointsAtSources,
  'ARCHITECTURE.md draws the plan that is enforced': planIsDrawn,
  'the compiler and the coverage know the pure rooms': locksAgree,
  'the commands of the README are run by CI': readmeCommandsAreRun,
}
