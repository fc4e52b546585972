// What is told of one leg's media: the counts of its packets, beside what was settled for them.
import { label } from "./codec.ts";
import { speech, type Agreed } from "./negotiate.ts";
import { mosOf } from "./quality.ts";
import type { SuiteName } from "./suites.ts";
import type { Counts, LineCounts } from "./worker/messages.ts";

/** Packets of one session's sound, and of its video; `remote` is where its sound comes from, `address:port`. */
export interface MediaStats extends LineCounts {
  readonly codec?: string;
  /** The suite of SRTP; absent where the sound is not encrypted. */
  readonly encrypted?: SuiteName;
  readonly remote?: string;
  /** What the speech from there is worth to a listener, 1 (bad) to 4.4; once some came. */
  readonly mos?: number;
  readonly video?: LineCounts & { readonly codec?: string };
}

/** The codec of what is settled, "PCMA/8000". */
export function codecOf(agreed: Agreed | undefined): string | undefined {
  const codec = speech(agreed?.send ?? []);
  return codec && label(codec);
}

export function statsOf(
  { video, ...counts }: Counts,
  settled: (kind: "audio" | "video") => Agreed | undefined,
  encrypted: SuiteName | undefined,
): MediaStats {
  const [codec, picture] = [codecOf(settled("audio")), codecOf(settled("video"))];
  const mos = mosOf(counts);
  return {
    ...counts,
    ...(codec !== undefined && { codec }),
    ...(encrypted !== undefined && { encrypted }),
    ...(mos !== undefined && { mos }),
    ...(video && { video: { ...video, ...(picture !== undefined && { codec: picture }) } }),
  };
}
