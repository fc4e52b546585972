// A camera of no door: one at an address that somebody has entered, or that a message names.
import { giveUp } from "../errors.ts";
import { checkStranger, strangerLookup } from "../http/stranger.ts";
import { Secret } from "../secret.ts";
import { Camera, splitCredentials, type CameraDeps, type CameraSettings } from "./camera.ts";

type Settings = Omit<CameraSettings, "image" | "mjpeg" | "rtsp" | "order">;

/** @throws PorteroError `bad-url` */
export function cameraAt(url: string, settings: Settings = {}, deps: CameraDeps = {}): Camera {
  const plain = splitCredentials(url.trim()).url;
  const scheme = URL.canParse(plain) ? new URL(plain).protocol : "";
  if (!/^(?:https?|rtsps?):$/.test(scheme) || !new URL(plain).hostname)
    throw giveUp("bad-url", "a camera's address is like http://192.0.2.1/image.jpg or rtsp://192.0.2.1/live");
  const secret = new Secret(url.trim());
  return new Camera({ ...settings, ...(scheme.startsWith("rtsp") ? { rtsp: secret } : { image: secret }) }, deps);
}

/** The same at an address that may not lead everywhere: see stranger.ts. @throws PorteroError `bad-url`, `address-refused` */
export function strangersCamera(url: string, deps: CameraDeps): Camera {
  const camera = cameraAt(url, {}, { ...deps, lookup: strangerLookup() });
  checkStranger(splitCredentials(url.trim()).url);
  return camera;
}
