// STUN on a SIP socket, for keep-alives only: RFC 5626 §3.5.2, RFC 5389. Binding requests and their answers; whatever is
// not well-formed is left without an answer.
import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { addressBytes, addressText } from "../../ip.ts";
import type { Address } from "./flow.ts";

const cookie = 0x2112a442;
const bindingRequest = 0x0001;
const bindingSuccess = 0x0101;
const bindingError = 0x0111;
const xorMappedAddress = 0x0020;
const fingerprint = 0x8028;
const head = 20;

/** Whether a datagram is STUN and not SIP: the first two bits and the magic cookie say so (RFC 5389 §6, §8). */
export const isStun = (data: Buffer): boolean =>
  data.length >= head && (data[0] ?? 255) < 64 && data.readUInt32BE(4) === cookie;

/** A request of ours; the answer has the same id. */
export function stunRequest(): { id: string; data: Buffer } {
  const id = randomBytes(12);
  return { id: id.toString("hex"), data: message(bindingRequest, id, []) };
}

/** The answer to a Binding request from `remote`; nothing for whatever else it is. */
export function answerTo(data: Buffer, remote: Address): Buffer | undefined {
  const attributes = attributesOf(data);
  if (!attributes || data.readUInt16BE(0) !== bindingRequest) return undefined;
  const id = data.subarray(8, head);
  // What has to be understood and is not, is named (RFC 5389 §7.3.1); we know nothing below 0x8000.
  const unknown = [...attributes.keys()].filter((type) => type < 0x8000);
  if (unknown.length > 0) {
    const types = Buffer.from(unknown.flatMap((type) => [type >> 8, type & 255]));
    return message(bindingError, id, [attribute(0x0009, Buffer.from([0, 0, 4, 20])), attribute(0x000a, types)]);
  }
  const bytes = addressBytes(remote.host);
  return bytes && message(bindingSuccess, id, [attribute(xorMappedAddress, mask(bytes, remote.port, id))]);
}

/** What an answer says: which request it is for, and where the peer sees us. */
export function readAnswer(data: Buffer): { id: string; seenAt?: Address } | undefined {
  const attributes = attributesOf(data);
  const type = data.readUInt16BE(0);
  if (!attributes || (type !== bindingSuccess && type !== bindingError)) return undefined;
  const id = data.subarray(8, head);
  const seenAt = unmask(attributes.get(xorMappedAddress), id);
  return { id: id.toString("hex"), ...(seenAt && { seenAt }) };
}

/** The first attribute of each type; nothing where the message is not well-formed or its FINGERPRINT is wrong. */
function attributesOf(data: Buffer): Map<number, Buffer> | undefined {
  const length = data.readUInt16BE(2);
  if (length % 4 !== 0 || data.length !== head + length) return undefined;
  const found = new Map<number, Buffer>();
  for (let at = head; at < data.length;) {
    const type = data.readUInt16BE(at);
    const end = at + 4 + data.readUInt16BE(at + 2);
    if (end > data.length) return undefined;
    const value = data.subarray(at + 4, end);
    if (type === fingerprint) {
      // RFC 5389 §15.5: the last one.
      const isLast = value.length === 4 && end === data.length;
      const right = isLast && value.readUInt32BE(0) === (crc32(data.subarray(0, at)) ^ 0x5354554e) >>> 0;
      if (!right) return undefined;
    }
    if (!found.has(type)) found.set(type, value);
    at = end + ((4 - (end % 4)) % 4);
  }
  return found;
}

function message(type: number, id: Buffer, attributes: readonly Buffer[]): Buffer {
  const start = Buffer.alloc(8);
  start.writeUInt16BE(type, 0);
  start.writeUInt16BE(
    attributes.reduce((sum, { length }) => sum + length, 0),
    2,
  );
  start.writeUInt32BE(cookie, 4);
  return Buffer.concat([start, id, ...attributes]);
}

function attribute(type: number, value: Buffer): Buffer {
  const data = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  data.writeUInt16BE(type, 0);
  data.writeUInt16BE(value.length, 2);
  value.copy(data, 4);
  return data;
}

// RFC 5389 §15.2: port and address are masked with cookie and id, so that no router on the way rewrites them.
const maskOf = (id: Buffer) => Buffer.from([0x21, 0x12, 0xa4, 0x42, ...id]);

function mask(address: Buffer, port: number, id: Buffer): Buffer {
  const key = maskOf(id);
  const value = Buffer.from([
    0,
    address.length === 4 ? 1 : 2,
    0,
    0,
    ...address.map((byte, at) => byte ^ (key[at] ?? 0)),
  ]);
  value.writeUInt16BE(port ^ (cookie >>> 16), 2);
  return value;
}

function unmask(value: Buffer | undefined, id: Buffer): Address | undefined {
  if (value?.length !== 8 && value?.length !== 20) return undefined;
  if (value[1] !== (value.length === 8 ? 1 : 2)) return undefined;
  const key = maskOf(id);
  const bytes = Buffer.from(value.subarray(4).map((byte, at) => byte ^ (key[at] ?? 0)));
  return { host: addressText(bytes), port: value.readUInt16BE(2) ^ (cookie >>> 16) };
}
