// Signs requests as a client of the broker does.
import { randomUUID } from "node:crypto";
import { signatureOf, type Key, type SignedRequest } from "../../src/mqtt/signed.ts";

/** A request as it is published, with a new id and nonce. */
export function sign(wish: { door: string; action: string; ts: number; id?: string }, key: Key): SignedRequest {
  const { door, action, ts, id = randomUUID() } = wish;
  const request = { v: 1, door, action, id, ts, nonce: randomUUID() } as const;
  return { ...request, key: key.name, sig: signatureOf(request, key.secret) };
}
