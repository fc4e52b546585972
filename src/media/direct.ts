// Direct media: what the peer of one leg is offered so that it sends to the peer of another one, not to us (RFC 3725 §4).
import { isIP } from "node:net";
import { isEvents, same, type Format, type Kind } from "./codec.ts";
import { insists, speech, type Agreed } from "./negotiate.ts";
import type { LocalLine } from "./sdp.ts";

type Settled = Pick<ReadonlyMap<Kind, Agreed>, "get">;

/** Where the peer of a leg wants its media, if all of it goes to one address. */
export function placeOf(settled: Settled): string | undefined {
  const sound = settled.get("audio")?.remote.address;
  const picture = settled.get("video")?.remote;
  return picture && picture.address !== sound ? undefined : sound;
}

/**
 * A line for the peer of `own` with the port of the peer of `other`, and its formats by its numbers. Undefined where the
 * two cannot send to each other without us: encrypted, held, in two codecs, with keys that only one knows.
 */
export function directLine(before: LocalLine, own: Agreed, other: Agreed): LocalLine | undefined {
  const { remote } = other;
  const plain = [own, other].every((one) => !one.secured && !insists(one.remote.protocol));
  const talks = own.kind !== "audio" || [own, other].every((one) => one.remote.direction === "sendrecv");
  const [mine, theirs] = [speech(own.send), speech(other.send)];
  // RTCP at a place of its own would miss it.
  if (!plain || !talks || !mine || !theirs || !same(mine, theirs) || remote.rtcp) return undefined;
  const keys = other.send.filter((format) => isEvents(format) && has(own, format));
  if ([own, other].some((one) => one.send.filter(isEvents).length !== keys.length)) return undefined;
  if (isIP(remote.address ?? "") === 0 || isIP(remote.address ?? "") !== isIP(own.remote.address ?? ""))
    return undefined;
  // What the peer itself wrote: our answer may have named this leg's parameters.
  const formats = [theirs, ...keys].map((format) => written(other, format));
  const { type, protocol } = before;
  const feedback = own.kind === "video" ? remote.feedback : [];
  const mux = remote.mux && own.remote.mux;
  const { port, direction, ptime } = remote;
  return { type, protocol, port, formats, direction, mux, feedback, ...(ptime !== undefined && { ptime }) };
}

/** All that decides whether what somebody was told of the peer of a leg still holds. */
export const contactOf = (settled: Settled): string =>
  JSON.stringify(
    (["audio", "video"] as const).map((kind) => {
      const { remote, send } = settled.get(kind) ?? {};
      const codec = speech(send ?? []);
      return [remote?.address, remote?.port, codec?.payload, codec?.name, send?.find(isEvents)?.payload];
    }),
  );

const has = ({ send }: Agreed, format: Format): boolean => send.some((one) => same(one, format));
const written = ({ remote }: Agreed, format: Format): Format =>
  remote.formats.find(({ payload }) => payload === format.payload) ?? format;
