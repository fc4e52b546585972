// When a leg counts as silent, whoever counts its packets: the worker, or rtpengine.

export interface SilenceLimits {
  /** Milliseconds to the first packet and between packets before it counts as silent; 0 = never. */
  readonly firstPacketMs: number;
  readonly silenceMs: number;
}

export const usualSilence: SilenceLimits = { firstPacketMs: 30_000, silenceMs: 15_000 };

/** Those of a session that has its own: a peer that says nothing at all is waited for as long as others are, at least. */
export const limitsOf = (usual: SilenceLimits, ms: number | undefined): SilenceLimits =>
  ms === undefined ? usual : { firstPacketMs: ms === 0 ? 0 : Math.max(usual.firstPacketMs, ms), silenceMs: ms };

/** `since`: media is expected since then; `heard`: when something came last, -1 for never. Milliseconds. */
export function isSilent(
  { firstPacketMs, silenceMs }: SilenceLimits,
  since: number,
  heard: number,
  now: number,
): boolean {
  const limit = heard < since ? firstPacketMs : silenceMs;
  return limit > 0 && now - Math.max(heard, since) >= limit;
}
