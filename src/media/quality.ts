// How good speech is to a listener, estimated from what became of its packets: the E-model (ITU-T G.107) with all of its inputs at
// their defaults but delay and loss, and the mean opinion score that its rating stands for (G.107 annex B).
import type { LineCounts } from "./worker/messages.ts";

/** The rating with nothing wrong but the wire itself (G.107 §7.7, default values). */
const best = 93.2;
/** How well G.711 whose gaps are concealed bears random loss (ITU-T G.113 appendix I, Bpl). Other codecs are taken for as good. */
const robustness = 25.1;
/** A packet's own length. */
const frameMs = 20;

/** 1 (bad) to 4.4, one decimal; undefined where nothing came, or loss and jitter are not known. */
export function mosOf({ received, lost, jitterMs, roundTripMs = 0 }: LineCounts): number | undefined {
  if (received === 0 || lost === undefined || jitterMs === undefined) return undefined;
  const lossPercent = (100 * lost) / (received + lost);
  // A listener's buffer is about twice as long as the jitter.
  const delay = roundTripMs / 2 + 2 * jitterMs + frameMs;
  // Idd as R. G. Cole and J. H. Rosenbluth simplified it (Voice over IP performance monitoring, 2001).
  const byDelay = 0.024 * delay + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0);
  const byLoss = (95 * lossPercent) / (lossPercent + robustness);
  return Math.round(10 * opinion(best - byDelay - byLoss)) / 10;
}

function opinion(rating: number): number {
  if (rating <= 0) return 1;
  return Math.min(4.5, Math.max(1, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6));
}
