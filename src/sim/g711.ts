// G.711, both laws (ITU-T G.711). The simulated devices have their own, so that an error in src/media cannot hide itself
// by being made twice.

export type Law = "PCMA" | "PCMU";

const segments = [0x1f, 0x3f, 0x7f, 0xff, 0x1ff, 0x3ff, 0x7ff, 0xfff];

/** One sample of 16 bits as one byte. */
export function encode(law: Law, sample: number): number {
  return law === "PCMA" ? encodeA(sample) : encodeU(sample);
}

/** One byte as a sample of 16 bits. */
export function decode(law: Law, byte: number): number {
  return law === "PCMA" ? decodeA(byte) : decodeU(byte);
}

function encodeA(sample: number): number {
  const mask = sample >= 0 ? 0xd5 : 0x55;
  const size = (sample >= 0 ? sample : -sample - 1) >> 3;
  const segment = segments.findIndex((end) => size <= end);
  if (segment < 0) return 0x7f ^ mask;
  return ((segment << 4) | ((size >> (segment < 2 ? 1 : segment)) & 0xf)) ^ mask;
}

function decodeA(byte: number): number {
  const code = byte ^ 0x55;
  const segment = (code & 0x70) >> 4;
  const step = (code & 0xf) << 4;
  const size = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return code & 0x80 ? size : -size;
}

// 33 is the bias of G.711 on 14 bits, 8159 the largest input.
function encodeU(sample: number): number {
  const mask = sample >= 0 ? 0xff : 0x7f;
  const size = Math.min(Math.abs(sample) >> 2, 8159) + 33;
  const segment = segments.findIndex((end) => size <= end * 2 + 1);
  if (segment < 0) return 0x7f ^ mask;
  return ((segment << 4) | ((size >> (segment + 1)) & 0xf)) ^ mask;
}

function decodeU(byte: number): number {
  const code = ~byte;
  const size = ((((code & 0xf) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return code & 0x80 ? -size : size;
}
