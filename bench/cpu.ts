/** Microseconds of processor that this thread has used: what else the machine does adds little to it. */
export function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}
