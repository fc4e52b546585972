// What becomes of the media of a visit: told at its end, and while it talks where that is wanted.
import type { Cancel, Clock } from "../../clock.ts";
import type { MediaSession, MediaStats } from "../../media/media.ts";

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

/** So long the end of a visit waits for them. */
const patienceMs = 5_000;

export class Figures {
  readonly #clock: Clock;
  readonly #sessions: () => Sessions;
  readonly #tell: (media: VisitMedia) => void;
  #cancel: Cancel = () => {};
  #over = false;

  constructor(clock: Clock, sessions: () => Sessions, tell: (media: VisitMedia) => void) {
    [this.#clock, this.#sessions, this.#tell] = [clock, sessions, tell];
  }

  /** Tells them every `seconds` until the end; never with 0. */
  begin(seconds: number): void {
    if (seconds === 0) return;
    this.#cancel = this.#clock.every(seconds * 1000, () => {
      // A visit whose bell has no media any more is about to end, and tells why.
      void figuresOf(this.#sessions()).then(
        (media) => {
          if (!this.#over) this.#tell(media);
        },
        () => {},
      );
    });
  }

  end(): void {
    this.#over = true;
    this.#cancel();
  }

  /**
   * Of sessions that are being closed: what is known once nothing comes any more. Undefined where that is not to be had soon:
   * whoever waits for the end of a visit does not wait for its figures. Never rejects.
   */
  async last(): Promise<VisitMedia | undefined> {
    const found = new AbortController();
    const late = this.#clock.sleep(patienceMs, found.signal).then(() => undefined);
    const media = await Promise.race([closed(this.#sessions()).catch(() => undefined), late]);
    found.abort();
    return media;
  }
}

async function closed(sessions: Sessions): Promise<VisitMedia> {
  await Promise.all([sessions.door.then((session) => session.close()), sessions.answerer?.close()]);
  return figuresOf(sessions);
}

/** As they are now; the last ones of sessions that are closed. */
async function figuresOf({ door, answerer }: Sessions): Promise<VisitMedia> {
  const [of, to] = await Promise.all([door.then((session) => session.stats()), answerer?.stats()]);
  return { door: of, ...(to && { answerer: to }) };
}
