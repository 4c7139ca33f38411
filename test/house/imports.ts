import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { doorOf, FLOOR_OF_ROOM, isPureRoom, ROOMS_OF_PACKAGE } from './floorPlan.ts'
import { type Import, importsOf } from './syntax.ts'
import { type Complaint, isSource, type Rule, roomOf } from './tree.ts'

const at = (found: Import): string => `${found.from}:${found.line}`
const isRelative = (found: Import): boolean => found.specifier.startsWith('.')
const targetOf = (found: Import): string => posix.join(posix.dirname(found.from), found.specifier)

/** Each folder below src/ is a room with a floor of its own. */
export const roomsHaveFloors: Rule = tree => {
  const rooms = new Set(tree.filter(isSource).flatMap(file => roomOf(file.path) ?? []))
  return [...rooms]
    .filter(room => FLOOR_OF_ROOM[room] === undefined)
    .map(room => `src/${room} has no floor: give it one in test/house/floorPlan.ts and draw it in ARCHITECTURE.md.`)
}

/** A room imports only rooms on lower floors, and only through their doors. */
export const floorsAndDoors: Rule = tree =>
  tree
    .filter(isSource)
    .flatMap(importsOf)
    .filter(isRelative)
    .flatMap(found => floorComplaint(found) ?? [])

function floorComplaint(found: Import): Complaint | undefined {
  const target = targetOf(found)
  const from = roomOf(found.from)
  const to = roomOf(target)
  if (!target.startsWith('src/'))
    return `${at(found)} imports ${target}, which is outside src/: a room stands on rooms alone.`
  if (to === undefined)
    return `${at(found)} imports ${target}: that file gathers the rooms for the outside, no room imports it.`
  if (to === from) return undefined
  if (target !== doorOf(to)) return `${at(found)} climbs into ${target}: enter ${to} by its door, ${doorOf(to)}.`
  if (from === undefined) return undefined
  const own = FLOOR_OF_ROOM[from]
  const other = FLOOR_OF_ROOM[to]
  if (own === undefined || other === undefined || other < own) return undefined
  return other === own
    ? `${at(found)}: ${from} and ${to} are on the same floor (${own}), and rooms on one floor are strangers.`
    : `${at(found)}: ${from} is on floor ${own} and ${to} upstairs on floor ${other}: the idea is in the wrong room.`
}

/** A package is imported only by the rooms that are named beside it; a pure room imports nothing of the host. */
export const packagesAtHome: Rule = tree =>
  tree
    .filter(isSource)
    .flatMap(importsOf)
    .filter(found => !isRelative(found))
    .flatMap(found => packageComplaint(found) ?? [])

function packageComplaint(found: Import): Complaint | undefined {
  const room = roomOf(found.from) ?? 'src'
  if (isBuiltin(found.specifier)) {
    if (!found.specifier.startsWith('node:'))
      return `${at(found)} imports '${found.specifier}': write 'node:${found.specifier}'.`
    if (!isPureRoom(room)) return undefined
    return `${at(found)} imports '${found.specifier}', and ${room} is pure: take the value from the context or declare a port.`
  }
  const [scope = '', name = ''] = found.specifier.split('/')
  const packageName = scope.startsWith('@') ? `${scope}/${name}` : scope
  const allowed = ROOMS_OF_PACKAGE[packageName]
  if (allowed === undefined)
    return `${at(found)} imports '${packageName}', which test/house/floorPlan.ts gives to no room.`
  if (allowed.includes(room)) return undefined
  return `${at(found)} imports '${packageName}', which only ${allowed.join(', ')} may know: go through that room's door.`
}

/** No file reaches itself through its imports, within a room or across rooms. */
export const noCycles: Rule = tree => {
  const edges = new Map<string, readonly string[]>()
  for (const file of tree.filter(isSource)) edges.set(file.path, importsOf(file).filter(isRelative).map(targetOf))
  const complaints: Complaint[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const seenAt = trail.indexOf(path)
    if (seenAt >= 0) {
      complaints.push(`These files import each other in a circle: ${[...trail.slice(seenAt), path].join(' → ')}.`)
      return
    }
    if (done.has(path)) return
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of edges.keys()) visit(path, [])
  return complaints
}
