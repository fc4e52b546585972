// What all depayloaders share: packets go in, whole frames come out; a frame with a hole never does.
import type { VideoOutput } from "../video.ts";
import type { Ordered } from "./rtp.ts";

/** Of pictures. */
export type Output = Pick<VideoOutput, "format" | "frame">;

export interface Depayloader {
  push(packet: Ordered): void;
  /** Bytes of the frame that is not whole yet. */
  readonly pending: number;
}

/** No picture of a doorbell comes near; a camera that never ends its frame must not fill the memory. */
export const mostFrameBytes = 8 * 2 ** 20;
