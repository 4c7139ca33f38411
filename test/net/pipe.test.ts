import { connectionSuite } from './connectionSuite.ts'
import { handshakeSuite } from './handshakeSuite.ts'
import { pipeWorld } from './worlds.ts'

for (const world of [pipeWorld(true), pipeWorld(false)]) {
  connectionSuite(world)
  handshakeSuite(world)
}
