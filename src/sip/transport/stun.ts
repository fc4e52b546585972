// STUN on a SIP socket, for keep-alives only: RFC 5626 §3.5.2. Binding requests and their answers; whatever is not well-formed
// is left without an answer.
import { randomBytes } from "node:crypto";
import { errorCode, mappedAddress, method, parseStun, seenAt, unknownAmong, writeStun } from "../../stun.ts";
import type { Address } from "./flow.ts";

/** A request of ours; the answer has the same id. */
export function stunRequest(): { id: string; data: Buffer } {
  const id = randomBytes(12);
  return { id: id.toString("hex"), data: writeStun(method.request, id, []) };
}

/** The answer to a Binding request from `remote`; nothing for whatever else it is. */
export function answerTo(data: Buffer, remote: Address): Buffer | undefined {
  const request = parseStun(data);
  if (request?.type !== method.request) return undefined;
  const unknown = unknownAmong(request);
  if (unknown) return writeStun(method.error, request.id, [errorCode(420), unknown]);
  const mapped = mappedAddress(remote, request.id);
  return mapped && writeStun(method.success, request.id, [mapped]);
}

/** What an answer says: which request it is for, and where the peer sees us. */
export function readAnswer(data: Buffer): { id: string; seenAt?: Address } | undefined {
  const answer = parseStun(data);
  if (answer?.type !== method.success && answer?.type !== method.error) return undefined;
  const seen = seenAt(answer);
  return { id: answer.id.toString("hex"), ...(seen && { seenAt: seen }) };
}
