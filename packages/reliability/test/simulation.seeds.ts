// Seeds that are run again with every test, and what each of them found, in the pool or in a pool that was broken on purpose. When the
// drawing of a plan is changed they become others, and stay good as any.
export const seeds: ReadonlyArray<readonly [seed: number, found: string]> = [
  [4_101_922_578, "a request whose origin was removed while its fiber yielded: its dial was never begun"],
  [3_427_007_560, "a drain on a pool that had ended waited for connections that were slow to confirm their close"],
  [824_988_952, "a bare lease whose connection was closed by the server, and whose holder outlives the pool"],
  [1_138_127_201, "requests that come when the pool has ended, and are refused without an event"],
  [2_630_536_883, "undelivered grants of a dead connection that were not taken back"],
  [3_286_945_818, "a late callback of checkIdle that was believed"],
  [2_205_385_847, "a reader that had caught up, and did not let the wire go on"],
  [2_350_059_937, "a drain that did not hear of the last close"],
  [3_702_485_571, "a drain that took no lease away when its time was over"],
  [1_732_839_610, "a connection that was used though checkIdle had found it dead"]
]
