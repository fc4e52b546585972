// What becomes of the media of a visit: told at its end, and while it talks where that is wanted.
import type { Cancel, Clock } from "../clock.ts";
import type { MediaSession, MediaStats } from "../media/media.ts";

/** The two legs of a visit; without `answerer` where the door was opened before anybody answered. */
export interface VisitMedia {
  readonly door: MediaStats;
  readonly answerer?: MediaStats;
}

/** How a visit has its figures: of the bell's media, and of who answered. */
export interface Sessions {
  readonly door: Promise<MediaSession>;
  readonly answerer: MediaSession | undefined;
}

/** As they are now; the last ones of sessions that are closed. */
export async function figuresOf({ door, answerer }: Sessions): Promise<VisitMedia> {
  const [of, to] = await Promise.all([door.then((session) => session.stats()), answerer?.stats()]);
  return { door: of, ...(to && { answerer: to }) };
}

/** Of sessions that are being closed: what is known once nothing comes any more. */
export async function lastFiguresOf(sessions: Sessions): Promise<VisitMedia> {
  await Promise.all([sessions.door.then((session) => session.close()), sessions.answerer?.close()]);
  return figuresOf(sessions);
}

/** Tells the figures every `seconds` until the returned function is called; never with 0. */
export function tellFigures(
  clock: Clock,
  seconds: number,
  sessions: () => Sessions,
  tell: (media: VisitMedia) => void,
): Cancel {
  if (seconds === 0) return () => {};
  let over = false;
  const cancel = clock.every(seconds * 1000, () => {
    // A visit whose bell has no media any more is about to end, and tells why.
    void figuresOf(sessions()).then(
      (media) => {
        if (!over) tell(media);
      },
      () => {},
    );
  });
  return () => {
    over = true;
    cancel();
  };
}
