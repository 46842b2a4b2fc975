// Seeds that are run again with every test, and what each of them found: in the pool, or in one that was broken on purpose. A change of
// what is drawn makes others of them, which are as good as any.
export const seeds: ReadonlyArray<readonly [seed: number, found: string]> = [
  [2_910_159_911, "a bare lease: a late request went out on its connection when the lease had ended"],
  [1_506_285_170, "a bare lease: a late request was sent on a connection that the server had closed"],
  [1_545_670_147, "a request whose origin was removed while its fiber yielded: its dial was never begun"],
  [3_448_558_868, "an observer that took the sums for those of a moment before its first event"],
  [1_374_845_210, "fibers in an order on which Effect does not count"],
  [2_888_685_450, "a warm-up of fewer connections than its origin is to keep idle"],
  [1_824_221_908, "undelivered grants of a dead connection that were not taken back"],
  [3_390_412_230, "a late callback of checkIdle that was believed"],
  [1_018_550_782, "a connection that was used though checkIdle had found it dead"],
  [753_760_670, "a reader that had caught up, and did not let the wire go on"],
  [2_118_475_402, "a streamed body that was sent again"],
  [3_119_446_647, "a drain that took no lease away when its time was over"]
]
