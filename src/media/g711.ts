// ITU-T G.711: A-law (PCMA) and µ-law (PCMU), one byte a sample, to and from 16-bit linear; and the two 256-byte tables
// that turn one law into the other, which is all the transcoding the relay does.

const uBias = 0x84;
const uClip = 8159;

/** Each segment ends at twice the level of the one below; the first at 2^bits. Each sample of each call comes by here. */
const segmentOf = (value: number, bits: number): number => Math.max(0, 32 - Math.clz32(value) - bits);

/** One sample, −32768…32767, as an A-law byte. */
export function encodeA(linear: number): number {
  const sample = linear >> 3;
  const mask = sample >= 0 ? 0xd5 : 0x55;
  const size = sample >= 0 ? sample : -sample - 1;
  const segment = segmentOf(size, 5);
  if (segment > 7) return 0x7f ^ mask;
  return ((segment << 4) | ((size >> (segment < 2 ? 1 : segment)) & 0x0f)) ^ mask;
}

/** One sample, −32768…32767, as a µ-law byte. */
export function encodeU(linear: number): number {
  const mask = linear >= 0 ? 0xff : 0x7f;
  const size = Math.min(Math.abs(linear) >> 2, uClip) + (uBias >> 2);
  const segment = segmentOf(size, 6);
  if (segment > 7) return 0x7f ^ mask;
  return ((segment << 4) | ((size >> (segment + 1)) & 0x0f)) ^ mask;
}

function expandA(byte: number): number {
  const code = byte ^ 0x55;
  const segment = (code & 0x70) >> 4;
  const low = (code & 0x0f) << 4;
  const size = segment === 0 ? low + 8 : (low + 0x108) << (segment - 1);
  return code & 0x80 ? size : -size;
}

function expandU(byte: number): number {
  const code = ~byte & 0xff;
  const size = (((code & 0x0f) << 3) + uBias) << ((code & 0x70) >> 4);
  return code & 0x80 ? uBias - size : size - uBias;
}

/** A-law byte → 16-bit sample. */
export const linearOfA: Int16Array = Int16Array.from({ length: 256 }, (_, byte) => expandA(byte));
/** µ-law byte → 16-bit sample. */
export const linearOfU: Int16Array = Int16Array.from({ length: 256 }, (_, byte) => expandU(byte));
/** A law's way to and from 16-bit samples. */
export interface Law {
  readonly linear: Int16Array;
  readonly encode: (sample: number) => number;
}

const aLaw: Law = { linear: linearOfA, encode: encodeA };
const uLaw: Law = { linear: linearOfU, encode: encodeU };

/** The law of a G.711 codec, PCMA or PCMU. */
export const lawOf = (name: string): Law => (name === "PCMA" ? aLaw : uLaw);

/** A-law byte → µ-law byte of the nearest level. */
export const aToU: Uint8Array = Uint8Array.from(linearOfA, encodeU);
/** µ-law byte → A-law byte of the nearest level. */
export const uToA: Uint8Array = Uint8Array.from(linearOfU, encodeA);
