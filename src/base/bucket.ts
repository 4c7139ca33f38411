/** How much of something is left to somebody: it fills with time up to a bound. Negative where more was taken than was there. */
export interface Bucket {
  readonly left: number
  /** Milliseconds. */
  readonly at: number
}

export interface BucketSize {
  readonly most: number
  readonly perSecond: number
}

export function filled(bucket: Bucket, size: BucketSize, now: number): Bucket {
  const gained = (Math.max(now - bucket.at, 0) * size.perSecond) / 1000
  // What was put in on top stays.
  return { left: Math.max(bucket.left, Math.min(bucket.left + gained, size.most)), at: now }
}

export function taken(bucket: Bucket, amount: number): Bucket {
  return { ...bucket, left: bucket.left - amount }
}
