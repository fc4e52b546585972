// One session at rtpengine: with whom it is joined, what came from its peer, and what can be asked of it.
import type { Counts, Remote, ToWorker } from "../worker/messages.ts";
import type { Leg } from "./call.ts";
import { nothingYet, type Received, type Watch } from "./watch.ts";

export interface Member extends Leg {
  readonly watch: Watch;
  /** With whom it is joined. */
  peer: Member | undefined;
  /** Waits for its turn to be joined. */
  joining: boolean;
  /** Polls in a row that had no answer. */
  missed: number;
  /** What came from its peer, as of the last answer. */
  received: Received;
  /** What went to it from earlier others. */
  sent: Pick<Received, "audio" | "video">;
}

/** Takes what the worker would be told of a leg's peer. */
export function told({ remotes, watch }: Member, message: ToWorker): void {
  if (message.type === "remote") remotes.set(message.kind, lasting(remotes.get(message.kind), message.remote));
  else if (message.type === "release") remotes.delete(message.kind);
  else if (message.type === "silence") watch.ownLimit(message.ms);
}

/** A hold in the old way (c=0.0.0.0) says nothing of where it is: with SRTP it stays where it was, see describe. */
const lasting = (before: Remote | undefined, now: Remote): Remote =>
  now.srtp && before && now.address === undefined
    ? { ...now, address: before.address, port: before.port, rtcpAddress: before.rtcpAddress, rtcpPort: before.rtcpPort }
    : now;

export const plus = (a: Member["sent"], b: Member["sent"]): Member["sent"] => ({
  audio: a.audio + b.audio,
  video: a.video + b.video,
});

/** rtpengine counts what comes in: what was sent to a leg is what came from its other. It does not look for losses. */
export function countsOf({ received: { audio, video, remote }, sent, peer, remotes }: Member): Counts {
  const out = plus(sent, peer?.received ?? nothingYet);
  return {
    ...{ received: audio, sent: out.audio },
    ...(remote !== undefined && { remote }),
    ...(remotes.has("video") && { video: { received: video, sent: out.video } }),
  };
}

export const noCounts: Counts = { received: 0, sent: 0 };
