// A code dialled at another server, as somebody would on a telephone: "do not disturb" on and off there (A5).
import { sentence } from "../../errors.ts";
import type { CallEnd } from "../../sip/dialog/call.ts";
import type { ForkHost } from "../ringing/host.ts";
import { closeMedia, openMedia } from "../talk/leg.ts";
import type { AccountWay } from "./outside.ts";

export interface CodeAnswer {
  readonly ok: boolean;
  /** The server's answer; absent where none came. */
  readonly status?: number;
  readonly text: string;
}

/** A server that has not answered a code by then does not know it. */
const answerMs = 20_000;
/** Some servers do what the code says a moment after they have answered, and not for one who has hung up. */
const listenMs = 5_000;

/** Dials a code, listens to what the server has to say, and hangs up. Never rejects. */
export async function dialCode(
  { media, clock, log }: Pick<ForkHost, "media" | "clock" | "log">,
  { account, number: code, media: options }: AccountWay,
): Promise<CodeAnswer> {
  try {
    const session = await openMedia(media, options);
    const sdp = (localHost: string) => {
      session.advertise = localHost;
      return session.offer();
    };
    try {
      const call = await account.call(code, { from: { number: "", name: "" }, sdp });
      const heard = { accepted: false };
      let enough = clock.after(answerMs, () => call.hangUp());
      call.on("answered", () => {
        heard.accepted = true;
        enough();
        enough = clock.after(listenMs, () => call.hangUp());
      });
      const end = call.end ?? (await new Promise<CallEnd>((resolve) => call.once("ended", resolve)));
      enough();
      if (heard.accepted) return { ok: true, status: 200, text: `${account.status.label} took ${code}` };
      const { status, text } = end;
      return {
        ok: false,
        ...(status === undefined ? {} : { status }),
        text: `${account.status.label} did not take ${code}: ${status === undefined ? text : `${status} ${text}`}`,
      };
    } finally {
      closeMedia(session, log);
    }
  } catch (error) {
    return { ok: false, text: sentence(error) };
  }
}
