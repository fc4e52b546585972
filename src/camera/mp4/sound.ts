// AAC in MP4 (ISO/IEC 14496-14 §5.6.1): how it is to be decoded, its name (RFC 6381), and as fragments for MediaSource. Sound in
// other codecs has no place in MP4 that browsers know.
import type { Sound, SoundFormat } from "../video.ts";
import { box, fullBox, u16, u32 } from "./boxes.ts";
import { fragmentOf, keySample, liveHeader } from "./fragments.ts";
import { esds } from "./sample-entry.ts";

/** Samples of an access unit (14496-3 §4.5.1.1). */
export const unitSamples = 1024;

/** `mp4a.40.2`: by the object type in its configuration. */
export const soundName = ({ config }: SoundFormat): string => `mp4a.40.${(config?.[0] ?? 0) >> 3}`;

/** `stsd` with one entry. */
export function soundDescription({ rate, channels, config }: SoundFormat): Buffer {
  const entry = box(
    "mp4a",
    ...[u32(0), u16(0, 1), u32(0, 0), u16(channels, 16, 0, 0), u32(rate < 65_536 ? rate * 65_536 : 0)],
    esds(0x40, 0x15, config),
  );
  return fullBox("stsd", 0, 0, u32(1), entry);
}

/** Sound that goes on, without a hole in its time whatever is missing: the player would stop there. */
export class SoundFragments {
  #number = 0;

  get isNew(): boolean {
    return this.#number === 0;
  }

  header(format: SoundFormat): Buffer {
    return liveHeader({ scale: format.rate, samples: [soundDescription(format)] });
  }

  fragment({ bytes }: Sound): Buffer {
    const time = unitSamples * this.#number++;
    return fragmentOf([bytes], false, { number: this.#number, time, duration: unitSamples, flags: keySample });
  }
}
