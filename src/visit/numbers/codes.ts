// Numbers that make a setting instead of a call, such as 78 for "do not disturb" (A5): the phone is answered, hears that
// it was, and the call ends by itself.
import type { Clock } from "../../clock.ts";
import { sentence } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { MediaEngine } from "../../media/engine.ts";
import type { MediaSession } from "../../media/media.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import type { DeviceOptions } from "./devices.ts";
import { answerFor, openMedia, takeOffer } from "../talk/leg.ts";
import type { NumberPlan } from "./number-plan.ts";

/** How long a phone shows the answered call. */
const shownMs = 900;

export interface CodesHost {
  readonly media: MediaEngine;
  readonly clock: Clock;
  readonly log: Log;
  readonly plan: NumberPlan;
}

export class Codes {
  readonly #host: CodesHost;
  readonly #optionsOf: (number: string) => DeviceOptions;

  constructor(host: CodesHost, optionsOf: (number: string) => DeviceOptions) {
    this.#host = host;
    this.#optionsOf = optionsOf;
  }

  /**
   * Takes a number for `act`, which is given the extension that dialled it.
   * @throws PorteroError `number-taken` (H20)
   */
  add(number: string, owner: string, act: (extension: string) => void): void {
    this.#host.plan.claim(number, owner, (call) => {
      // Only who proved to be an extension has settings here.
      if (call.caller.kind === "extension") void this.#answer(call, act);
      else call.reject(404);
    });
  }

  async #answer(call: IncomingCall, act: (extension: string) => void): Promise<void> {
    const { media, clock, log } = this.#host;
    const { number } = call.caller;
    let session: MediaSession | undefined;
    try {
      session = await openMedia(media, this.#optionsOf(number));
      takeOffer(session, call, number);
      const sdp = answerFor({ call, session, name: number }, call.sdp !== undefined);
      if (call.end) return;
      act(number);
      call.answer(sdp);
      const gone = new AbortController();
      call.on("ended", () => gone.abort());
      await clock.sleep(shownMs, gone.signal);
    } catch (error) {
      log.warn(`${number} dialled ${call.dialled}, which could not be answered: ${sentence(error)}`);
      call.reject(488);
    } finally {
      call.hangUp();
      await session?.close().catch((error: unknown) => log.warn(sentence(error)));
    }
  }
}
