// STUN messages (RFC 8489): their bytes, the check sums at their end, and addresses in them. What is asked and answered is
// known where they are used: a keep-alive of SIP, a check of ICE.
import { createHmac, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { addressBytes, addressText } from "./ip.ts";

const cookie = 0x2112a442;
const head = 20;

export const method = { request: 0x0001, indication: 0x0011, success: 0x0101, error: 0x0111 } as const;

export const attributeType = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  xorMappedAddress: 0x0020,
  // RFC 8445 §16.1
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

export interface StunMessage {
  readonly type: number;
  /** The 12 bytes by which an answer is known. */
  readonly id: Buffer;
  /** The first of each type; what stands behind MESSAGE-INTEGRITY counts as little as if it were not there (§14.5). */
  readonly attributes: ReadonlyMap<number, Buffer>;
  /** Where MESSAGE-INTEGRITY begins. */
  readonly integrityAt: number | undefined;
}

export interface Attribute {
  readonly type: number;
  readonly value: Buffer;
}

/** An address and a port, as STUN tells them. */
export interface Seen {
  readonly host: string;
  readonly port: number;
}

/** Whether a datagram is STUN: the first two bits and the magic cookie say so (§5). */
export const isStun = (data: Buffer): boolean =>
  data.length >= head && (data[0] ?? 255) < 64 && data.readUInt32BE(4) === cookie;

/** Undefined where the message is not well-formed, or its FINGERPRINT is wrong. */
export function parseStun(data: Buffer): StunMessage | undefined {
  if (!isStun(data)) return undefined;
  const length = data.readUInt16BE(2);
  if (length % 4 !== 0 || data.length !== head + length) return undefined;
  const attributes = new Map<number, Buffer>();
  let integrityAt: number | undefined;
  for (let at = head; at < data.length;) {
    const type = data.readUInt16BE(at);
    const end = at + 4 + data.readUInt16BE(at + 2);
    if (end > data.length) return undefined;
    const value = data.subarray(at + 4, end);
    if (type === attributeType.fingerprint) {
      // §14.7: the last one.
      const isLast = value.length === 4 && end === data.length;
      if (!isLast || value.readUInt32BE(0) !== checkSum(data.subarray(0, at))) return undefined;
    }
    const counts = integrityAt === undefined || type === attributeType.fingerprint;
    if (counts && !attributes.has(type)) attributes.set(type, value);
    if (type === attributeType.messageIntegrity) integrityAt ??= at;
    at = end + ((4 - (end % 4)) % 4);
  }
  return { type: data.readUInt16BE(0), id: data.subarray(8, head), attributes, integrityAt };
}

/** Whether its MESSAGE-INTEGRITY was made with the password (§9.1). */
export function isFrom(data: Buffer, { attributes, integrityAt }: StunMessage, password: string): boolean {
  const found = attributes.get(attributeType.messageIntegrity);
  if (found?.length !== 20 || integrityAt === undefined) return false;
  return timingSafeEqual(found, integrity(data.subarray(0, integrityAt), password));
}

/** With a password, MESSAGE-INTEGRITY and FINGERPRINT follow. */
export function writeStun(type: number, id: Buffer, attributes: readonly Attribute[], password?: string): Buffer {
  const start = Buffer.alloc(8);
  start.writeUInt16BE(type, 0);
  start.writeUInt32BE(cookie, 4);
  let message = Buffer.concat([start, id, ...attributes.map(written)]);
  message.writeUInt16BE(message.length - head, 2);
  if (password === undefined) return message;
  const signature = integrity(message, password);
  message = Buffer.concat([message, written({ type: attributeType.messageIntegrity, value: signature })]);
  message.writeUInt16BE(message.length + 8 - head, 2);
  const value = Buffer.alloc(4);
  value.writeUInt32BE(checkSum(message));
  return Buffer.concat([message, written({ type: attributeType.fingerprint, value })]);
}

/** §14.8: why a request is refused; the reason is in the number. */
export const errorCode = (status: number): Attribute => ({
  type: attributeType.errorCode,
  value: Buffer.from([0, 0, Math.floor(status / 100), status % 100]),
});

/** §14.9, behind error 420: those that have to be understood and are not among the `known`. */
export function unknownAmong({ attributes }: StunMessage, known: readonly number[] = []): Attribute | undefined {
  const unknown = [...attributes.keys()].filter((type) => type < 0x8000 && !known.includes(type));
  if (unknown.length === 0) return undefined;
  return {
    type: attributeType.unknownAttributes,
    value: Buffer.from(unknown.flatMap((type) => [type >> 8, type & 255])),
  };
}

/** §14.2: where a request came from; undefined where that is no IP address. */
export function mappedAddress({ host, port }: Seen, id: Buffer): Attribute | undefined {
  const address = addressBytes(host);
  if (!address) return undefined;
  const value = Buffer.concat([Buffer.from([0, address.length === 4 ? 1 : 2, 0, 0]), masked(address, id)]);
  value.writeUInt16BE(port ^ (cookie >>> 16), 2);
  return { type: attributeType.xorMappedAddress, value };
}

export function seenAt({ attributes, id }: StunMessage): Seen | undefined {
  const value = attributes.get(attributeType.xorMappedAddress);
  if (value?.length !== 8 && value?.length !== 20) return undefined;
  if (value[1] !== (value.length === 8 ? 1 : 2)) return undefined;
  return { host: addressText(masked(value.subarray(4), id)), port: value.readUInt16BE(2) ^ (cookie >>> 16) };
}

/** Masked with cookie and id, so that no router on the way rewrites it. */
function masked(address: Buffer, id: Buffer): Buffer {
  const key = Buffer.from([0x21, 0x12, 0xa4, 0x42, ...id]);
  return Buffer.from(address.map((byte, at) => byte ^ (key[at] ?? 0)));
}

const checkSum = (data: Buffer): number => (crc32(data) ^ 0x5354554e) >>> 0;

/** §14.5: over all before it, with a length that ends behind it. */
function integrity(before: Buffer, password: string): Buffer {
  const start = Buffer.from(before.subarray(0, 4));
  start.writeUInt16BE(before.length + 24 - head, 2);
  return createHmac("sha1", password).update(start).update(before.subarray(4)).digest();
}

function written({ type, value }: Attribute): Buffer {
  const data = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  data.writeUInt16BE(type, 0);
  data.writeUInt16BE(value.length, 2);
  value.copy(data, 4);
  return data;
}
