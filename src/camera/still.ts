// One picture out of a film, without decoding: a JPEG as it came, or a key frame for whoever decodes it.
import { systemClock, type Clock } from "../clock.ts";
import { tryAgain } from "../errors.ts";
import { span } from "../http/faults.ts";
import type { Frame, VideoFormat, VideoStream } from "./video.ts";

export interface Still {
  readonly format: VideoFormat;
  readonly frame: Frame;
  /** For the codec jpeg: one whole JPEG. For others: Annex B (start codes), parameter sets first, as decoders read it. */
  readonly bytes: Buffer;
}

const startCode = Buffer.from([0, 0, 0, 1]);

/** The picture that a key frame holds. */
export function stillOf(format: VideoFormat, frame: Frame): Still {
  const bytes =
    format.codec === "jpeg"
      ? Buffer.concat(frame.units)
      : Buffer.concat([...format.sets, ...frame.units].flatMap((unit) => [startCode, unit]));
  return { format, frame, bytes };
}

/**
 * The next key frame of a film. The stream stays open: it is the caller's. Rejects with what ended the stream, with the
 * reason of `signal`, or tryAgain `timeout` after `timeoutMs`, 10,000 by default.
 */
export function snapshotOf(
  stream: VideoStream,
  options: { clock?: Clock; timeoutMs?: number; signal?: AbortSignal; format?: VideoFormat } = {},
): Promise<Still> {
  const { clock = systemClock, timeoutMs = 10_000, signal } = options;
  return new Promise((resolve, reject) => {
    let { format } = options;
    const settle = (finish: () => void) => {
      cancel();
      signal?.removeEventListener("abort", onAbort);
      stream.off("format", onFormat).off("frame", onFrame).off("ended", onEnded);
      finish();
    };
    const onFormat = (told: VideoFormat) => (format = told);
    const onFrame = (frame: Frame) => {
      const known = format;
      if (known && frame.key) settle(() => resolve(stillOf(known, frame)));
    };
    const onEnded = (error: Error | undefined) =>
      settle(() =>
        reject(error ?? tryAgain("no-picture", "The camera ended its stream before a whole picture had come")),
      );
    const onAbort = () => settle(() => reject(signal?.reason as Error));
    const cancel = clock.after(timeoutMs, () => {
      const within = `within ${span(timeoutMs)}`;
      settle(() => reject(tryAgain("timeout", `The camera's stream gave no whole picture ${within}`)));
    });
    stream.on("format", onFormat).on("frame", onFrame).on("ended", onEnded);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
  });
}
