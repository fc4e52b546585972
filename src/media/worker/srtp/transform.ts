// What a suite does to the bytes of a packet. Where its parts stand is known one floor up, in context.ts.

/** One set of session keys at work: RTP or RTCP of one direction. */
export interface Transform {
  readonly tagBytes: number;
  /**
   * Encrypts `source` from `start` into the same place of `target`, which has room, and writes the tag at `tagAt`. `index`
   * counts packets of `ssrc` (48 bits); `word` is authenticated beside the packet: RTP's rollover counter, RTCP's index.
   */
  seal(source: Buffer, start: number, target: Buffer, tagAt: number, ssrc: number, index: number, word: number): void;
  /** Decrypts `start` … `end` in place, if the tag is right. */
  open(packet: Buffer, start: number, end: number, tagAt: number, ssrc: number, index: number, word: number): boolean;
}
