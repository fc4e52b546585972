// The addresses of a door's camera: templates with {address} (the device's host) and {contact} (host:port as
// registered), filled when they are needed, since a device's address may change (N3); {user} and {password} stand for the
// camera's login where a maker wants it in the query, so that the template itself holds no secret. P6, P7, P8.
import { writeHost } from "../ip.ts";
import { Secret } from "../secret.ts";
import { fill } from "./placeholders.ts";
import type { Preset } from "./preset-schema.ts";
import type { DoorSettings } from "./settings.ts";

/** Where the door is now. */
export interface Whereabouts {
  /** Host of the registered contact; the form's address goes before it. */
  readonly address?: string | undefined;
  /** host:port of the registered contact. */
  readonly contact?: string | undefined;
}

/** The camera's login. */
export interface CameraLogin {
  readonly username?: string;
  readonly password?: Secret;
}

/** What is absent has no template, or needs an address that is not known at the moment. */
export interface DoorUrls {
  /** Secret, since some makers take passwords in the query. */
  readonly image?: Secret;
  /** A film of JPEGs by HTTP. */
  readonly mjpeg?: Secret;
  readonly rtsp?: Secret;
}

/** What src/camera takes as its settings: the addresses that are known. */
export interface DoorCamera extends Pick<DoorUrls, "image" | "mjpeg" | "rtsp"> {
  readonly username?: string;
  readonly password?: Secret;
  readonly verifyTls?: boolean;
  readonly pin?: string;
}

// A contact comes from the network: only what can be a host and a port gets into a URL, no path, user or query.
const host = /^(?:[A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?)$/;
const hostPort = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** The template's URL, or undefined while the address it needs is not known. `more` are other words and their values. */
export function fillUrl(
  template: string,
  where: Whereabouts,
  login: CameraLogin = {},
  more: Readonly<Record<string, string>> = {},
): string | undefined {
  const address =
    where.address && host.test(where.address) ? writeHost(where.address.replace(/^\[|\]$/g, "")) : undefined;
  const contact = where.contact && hostPort.test(where.contact) ? where.contact : undefined;
  if (template.includes("{address}") && address === undefined) return undefined;
  if (template.includes("{contact}") && contact === undefined) return undefined;
  const words = { user: login.username ?? "", password: login.password?.reveal() ?? "", ...more };
  const encoded = Object.entries(words).map(([word, value]) => [word, encodeURIComponent(value)] as const);
  return fill(template, { ...Object.fromEntries(encoded), ...{ address: address ?? "", contact: contact ?? "" } });
}

/** A sentence about an address that was asked, which some makers want a password in, behind its question mark (P7). */
export const withoutQuery = (text: string): string => text.replace(/\?[^\s?]+/g, "");

/** The door's URLs at this moment; the form's go before the preset's. */
export function doorUrls(settings: DoorSettings, preset: Preset, where: Whereabouts): DoorUrls {
  const known = { address: settings.address ?? where.address, contact: where.contact };
  const login = webCredentials(settings, preset.camera?.credentials);
  const filled = (template: string | undefined) =>
    template === undefined ? undefined : fillUrl(template, known, login);
  const image = filled(settings.imageUrl?.reveal() ?? preset.camera?.image);
  const own = settings.videoUrl?.reveal();
  const isRtsp = own !== undefined && /^rtsp/i.test(own);
  // Whoever enters a film means that one, and no other of the make.
  const mjpeg = filled(own === undefined ? preset.camera?.mjpeg : isRtsp ? undefined : own);
  const rtsp = filled(own === undefined ? preset.camera?.rtsp : isRtsp ? own : undefined);
  return {
    ...(image === undefined ? {} : { image: new Secret(image) }),
    ...(mjpeg === undefined ? {} : { mjpeg: new Secret(mjpeg) }),
    ...(rtsp === undefined ? {} : { rtsp: new Secret(rtsp) }),
  };
}

/** User and password for the door's web server: those of the form, or for presets that say so the SIP ones. */
export function webCredentials(settings: DoorSettings, kind: "device" | "own" = "own"): CameraLogin {
  if (settings.cameraUsername === undefined && kind === "device")
    return { username: settings.login ?? settings.extension, password: settings.password };
  return {
    ...(settings.cameraUsername === undefined ? {} : { username: settings.cameraUsername }),
    ...(settings.cameraPassword === undefined ? {} : { password: settings.cameraPassword }),
  };
}

/** The door's camera at this moment, ready for src/camera; without addresses while they are not known. */
export function doorCamera(settings: DoorSettings, where: Whereabouts): DoorCamera {
  const preset = settings.make;

  return {
    ...doorUrls(settings, preset, where),
    ...webCredentials(settings, preset.camera?.credentials),
    ...(settings.verifyTls === undefined ? {} : { verifyTls: settings.verifyTls }),
    ...(settings.pin === undefined ? {} : { pin: settings.pin }),
  };
}
