// Our RTSP client (RFC 2326; of RFC 7826 what cameras speak): a camera's film by `rtsp:` or `rtsps:`.
import { randomBytes } from "node:crypto";
import type { LookupFunction } from "node:net";
import { systemClock, type Clock } from "../../clock.ts";
import { giveUp } from "../../errors.ts";
import { splitCredentials, trustOf } from "../../http.ts";
import { Signer, type Login } from "../../http/signer.ts";
import { silent, type Log } from "../../log.ts";
import { showUrl } from "../../secret.ts";
import type { Trust } from "../../trust.ts";
import { runVideo } from "../running.ts";
import type { FilmSettings, VideoOutput, VideoStream } from "../video.ts";
import type { Transport } from "./line.ts";
import { Session } from "./session.ts";

export type { Transport };

/** The URL is `rtsp:` or `rtsps:`. */
export interface RtspSettings extends FilmSettings {
  /** How packets come: in the connection, by default, or by UDP, with the connection where UDP brings nothing. */
  readonly transport?: Transport;
}

interface Deps {
  readonly clock: Clock;
  readonly log: Log;
  readonly lookup?: LookupFunction;
}

const mostTries = 5;

async function play(settings: RtspSettings, deps: Deps, out: VideoOutput, signal: AbortSignal): Promise<void> {
  const { url: secret, timeoutMs = 5_000, silenceMs = 10_000, transport = "tcp", sound = false } = settings;
  const split = splitCredentials(secret.reveal());
  let url = checkedUrl(split.url);
  const username = settings.username ?? split.username;
  const password = (settings.password ?? split.password)?.reveal() ?? "";
  const login: Login | undefined = username === undefined ? undefined : { username, password, origin: url.host };
  const trust: Trust = trustOf(settings, "The camera");
  const signer = new Signer();
  let by: Transport = transport;
  for (let tries = 0; tries < mostTries && !signal.aborted; tries++) {
    const session = new Session({
      ...{ ...deps, url, login, trust, signer, timeoutMs, silenceMs, out, sound, transport: by },
      place: placeOf(url, settings),
      ssrc: randomBytes(4).readUInt32BE(),
    });
    const next = await session.run(signal);
    if (!next) return;
    if ("redirect" in next) url = redirected(next.redirect, url, settings);
    else {
      deps.log.debug(
        `${placeOf(url, settings)} brings nothing by ${by.toUpperCase()}: now by ${next.transport.toUpperCase()}`,
      );
      by = next.transport;
    }
  }
  throw giveUp("redirect-refused", `${placeOf(url, settings)} redirects more than ${mostTries - 1} times`);
}

/**
 * Opens a camera's stream. Everything comes as events, faults too: `ended` has a PorteroError, to try again `timeout
 * unresolved refused unreachable cut-short not-rtsp network auth-loop silent no-picture session-lost camera-status no-port`, to
 * give up `bad-url bad-pin bad-request bad-sdp no-video unsupported-video no-password wrong-password auth-unknown
 * auth-weakened redirect-refused camera-status tls-untrusted tls-expired tls-name tls-failed pin-mismatch`; none when the
 * camera said goodbye.
 */
export function openRtsp(
  settings: RtspSettings,
  deps: { clock?: Clock; log?: Log; lookup?: LookupFunction } = {},
): VideoStream {
  const known = { ...deps, clock: deps.clock ?? systemClock, log: deps.log ?? silent };
  return runVideo((out, signal) => play(settings, known, out, signal), known.log);
}

const placeOf = (url: URL, { password }: Pick<RtspSettings, "password">): string =>
  `The camera at ${showUrl(url.href, password)}`;

function checkedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.hostname || !["rtsp:", "rtsps:"].includes(url.protocol))
    throw giveUp("bad-url", "The camera's stream address must be like rtsp://192.0.2.1/live, with rtsp: or rtsps:");
  url.hash = "";
  return url;
}

function redirected(location: string, from: URL, settings: RtspSettings): URL {
  const refuse = (why: string) => giveUp("redirect-refused", `${placeOf(from, settings)} redirects ${why}`);
  if (!URL.canParse(location, from.href)) throw refuse("to an address that is none");
  const to = new URL(location, from.href);
  if (!["rtsp:", "rtsps:"].includes(to.protocol)) throw refuse(`to ${to.protocol}, which is no RTSP`);
  if (to.hostname.toLowerCase() !== from.hostname.toLowerCase())
    throw refuse(`to another host, ${to.hostname}, which is not followed: enter that address if it is right`);
  if (from.protocol === "rtsps:" && to.protocol === "rtsp:")
    throw refuse("from rtsps: to rtsp:, which is not followed");
  [to.username, to.password, to.hash] = ["", "", ""];
  return to;
}
