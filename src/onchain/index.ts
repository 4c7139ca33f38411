// onchain: BOLT 5 for one channel. Who may spend which output when, and what we do about it, as a pure step.
// It must not know messages or channel states (the channel room is a stranger): all it knows of the channel is a `ChannelView`.
// Start reading at types.ts, then spendPaths.ts (what may happen) and step.ts (what we do).
export * from './types.ts'
