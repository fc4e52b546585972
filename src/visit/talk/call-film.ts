// The video of a call as a source of pictures, for bells that have no other camera.
import { UnitDepayloader } from "../../camera/rtsp/units.ts";
import { h264 } from "../../camera/rtsp/nal.ts";
import { Order, parseRtp } from "../../camera/rtsp/rtp.ts";
import type { Film } from "../../camera/sources.ts";
import { stillOf, type Still } from "../../camera/still.ts";
import type { VideoFormat } from "../../camera/video.ts";
import type { Clock } from "../../clock.ts";
import { tryAgain } from "../../errors.ts";
import type { KeyFrame } from "../../media/key-frames.ts";
import type { Leg } from "./leg.ts";

/** Younger than this, a picture is as good as a new one. */
const youngMs = 2_000;
const lookMs = 200;
/** Where the camera sends no whole picture when it is asked for one, what it sent so long ago will do. */
const oldMs = 10_000;
const mostPackets = 2_000;

/** What the peer of a leg shows, who has this number; undefined where it shows nothing. */
export function filmOf(
  { call, session }: Pick<Leg, "call" | "session">,
  number: string,
  clock: Clock,
): Film | undefined {
  if (!session.hasVideo) return undefined;
  return {
    source: `sip:${number}`,
    async still({ signal, timeoutMs }) {
      const end = clock.now() + timeoutMs;
      let asked = false;
      for (;;) {
        const found = await session.keyFrame();
        signal.throwIfAborted();
        const isLast = clock.now() + lookMs >= end;
        const still = found && found.age <= (isLast ? oldMs : youngMs) ? stillIn(found, clock.now()) : undefined;
        if (still) return still;
        if (isLast || !session.hasVideo)
          throw tryAgain("no-picture", `The call with ${number} has video, but no whole picture of it has come`);
        if (!asked && !session.requestPicture()) void call.requestPicture();
        asked = true;
        await clock.sleep(lookMs, signal);
        signal.throwIfAborted();
      }
    },
  };
}

/** The picture in the packets of a key frame; undefined where one of them is missing. */
function stillIn({ packets, age }: KeyFrame, now: number): Still | undefined {
  let format: VideoFormat | undefined;
  let still: Still | undefined;
  const depayloader = new UnitDepayloader(h264, [], {
    format: (told) => (format = told),
    frame: (frame) => {
      if (format && frame.key) still ??= stillOf(format, frame);
    },
  });
  const order = new Order(mostPackets, Infinity, (packet) => depayloader.push(packet));
  for (const [index, bytes] of packets.entries()) {
    const packet = parseRtp(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), now - age);
    // It is whole: its end may not be marked as such.
    if (packet) order.push(index === packets.length - 1 ? { ...packet, marker: true } : packet);
  }
  return still;
}
