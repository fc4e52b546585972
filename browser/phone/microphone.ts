// The microphone, or why there is none: then the visitor is seen and heard, but hears nobody.
import { words } from "../words.ts";

/** What can be said before anybody is asked. */
export const deaf = (): string | undefined =>
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- pages by http have none
  navigator.mediaDevices !== undefined ? undefined : isSecureContext ? words.noMicrophones : words.needsHttps;

export async function microphone(): Promise<MediaStreamTrack | string> {
  const never = deaf();
  if (never !== undefined) return never;
  try {
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const [track] = (await navigator.mediaDevices.getUserMedia({ audio })).getAudioTracks();
    return track ?? words.noMicrophone;
  } catch (error) {
    const { name } = error as DOMException;
    if (name === "NotAllowedError" || name === "SecurityError") return words.microphoneRefused;
    return name === "NotFoundError" ? words.noMicrophone : words.microphoneBusy;
  }
}
