import type { Side } from './side.ts'
import type { Stage } from './stage.ts'

// The end of a process, after a number of its turns.

interface Row {
  readonly stage: Stage
  readonly rest: () => void
}

/** How many turns of this side a payment takes while nobody dies. */
export function turnsOf(side: Side, pay: () => unknown): number {
  let turns = 0
  const turn = side.turn.bind(side)
  side.turn = (...inputs) => {
    turns += 1
    return turn(...inputs)
  }
  pay()
  side.turn = turn
  return turns
}

/** It dies after this many turns. Where the last one is mute, nothing of what it wanted is done. */
export function dieAfter(line: Row, side: Side, turns: number, mute: boolean): void {
  const { stage } = line
  const turn = side.turn.bind(side)
  let left = turns
  let isDead = false
  const send = side.onSend
  side.onSend = (connection, bytes) => {
    if (!(mute && left === 0)) send(connection, bytes)
  }
  side.turn = (...inputs) => {
    if (isDead) return []
    left -= 1
    const effects = turn(...inputs)
    if (left === 0) {
      isDead = true
      stage.crash(side)
    }
    return effects
  }
  stage.settle()
  side.turn = turn
  side.onSend = send
  if (!isDead) stage.crash(side)
  side.start()
  line.rest()
}
