import { networkSuite } from './suite.ts'
import { pipeWorld } from './worlds.ts'

networkSuite(pipeWorld(true))
networkSuite(pipeWorld(false))
