// A preset from what a user has set at a door: what holds for the make, nothing of the house. Addresses become {address},
// logins {user} and {password}; the door code, numbers and passwords stay out (P7).
import { giveUp } from "../errors.ts";
import { secretInPath } from "../secret.ts";
import { checkPreset } from "./preset.ts";
import type { Preset } from "./preset-schema.ts";

export interface PresetWish {
  readonly id: string;
  readonly label: string;
  readonly maker: string;
  /** Its user says that a door works with it. */
  readonly works?: boolean;
  /** Which device and firmware that is. */
  readonly source?: string;
  readonly imageUrl?: string;
  readonly videoUrl?: string;
  readonly method?: string;
  readonly durationMs?: number;
  readonly gapMs?: number;
  readonly bounceSeconds?: number;
  readonly oneCall?: boolean;
}

/** `base` is the door's present preset, for all that its form does not say. @throws PorteroError `invalid` */
export function presetFrom(base: Preset, wish: PresetWish): Preset {
  const { id, label, maker, works = false, source } = wish;
  const camera = cameraOf(base, wish);
  const dtmf = { ...base.dtmf, ...given({ method: wish.method, durationMs: wish.durationMs, gapMs: wish.gapMs }) };
  const ring = { ...base.ring, ...given({ bounceSeconds: wish.bounceSeconds, oneCall: wish.oneCall }) };
  const changed = [...(camera === base.camera ? [] : ["camera"]), ...(differ(dtmf, base.dtmf) ? ["dtmf"] : [])];
  const isMake = base.id !== "generic" && base.id !== "simulated";
  const { unverified = [], ...rest } = base;
  const doubts = [...new Set([...unverified, ...changed])];
  return checkPreset({
    ...rest,
    ...{ id, label, maker, dtmf },
    evidence: works ? "device" : isMake ? base.evidence : "unverified",
    sources: [
      ...(source ? [source] : []),
      ...(isMake ? base.sources : []),
      ...(source || isMake ? [] : ["A user's settings"]),
    ],
    ...(!works && isMake && doubts.length > 0 && { unverified: doubts }),
    ...(Object.keys(ring).length > 0 && { ring }),
    ...(camera && { camera }),
  });
}

function cameraOf({ camera }: Preset, { imageUrl, videoUrl }: PresetWish): Preset["camera"] {
  if (!imageUrl && !videoUrl) return camera;
  const { image, mjpeg, rtsp, credentials = "own" } = camera ?? {};
  const video = videoUrl === undefined || videoUrl === "" ? undefined : templateOf("videoUrl", videoUrl);
  // Whoever enters a film means that one, and no other of the make.
  const films = video === undefined ? { mjpeg, rtsp } : /^rtsp/i.test(video) ? { rtsp: video } : { mjpeg: video };
  return { ...given({ image: imageUrl ? templateOf("imageUrl", imageUrl) : image, ...films }), credentials };
}

const isLogin = /^(?:user|usr|login|account)/i;
const isPassword = /pass|pwd/i;
const isSecret = /auth|token|key|secret|pin|code|session/i;

/** The address as it is for any device of the make. */
function templateOf(field: string, url: string): string {
  const [, scheme = "", authority = "", path = "", query = ""] =
    /^([a-z]+:\/\/)([^/?#]*)([^?]*)(.*)$/i.exec(url.trim()) ?? [];
  if (scheme === "") throw giveUp("invalid", `${field} is not a URL: mend it first`);
  const refuse = (name: string) =>
    giveUp("invalid", `${field} holds what may be a secret (${name}): a preset may not, so do without it here`);
  const inPath = secretInPath(path);
  if (inPath !== undefined) throw refuse(inPath);
  const shown = query.replace(/([?&])([^=&#]*)=([^&#]*)/g, (all, mark: string, name: string, value: string) => {
    if (value === "" || value.startsWith("{")) return all;
    if (isPassword.test(name)) return `${mark}${name}={password}`;
    if (isLogin.test(name)) return `${mark}${name}={user}`;
    if (isSecret.test(name)) throw refuse(name);
    return all;
  });
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const place = host === "{contact}" ? host : `{address}${/:\d+$/.exec(host.replace(/\[.*\]/, ""))?.[0] ?? ""}`;
  return `${scheme.toLowerCase()}${place}${path}${shown}`;
}

const given = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== "")) as Partial<T>;

const differ = (a: object, b: object): boolean => JSON.stringify(a) !== JSON.stringify(b);
