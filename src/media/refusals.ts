// Why a session description cannot be used, as a sentence for whoever reads a log or a node's status.
import { giveUp } from "../errors.ts";
import type { RemoteLine } from "./sdp.ts";
import { isWebrtc } from "./webrtc.ts";

const unusable = (code: "no-codec" | "not-encrypted", why: string) =>
  giveUp(code, `The other side's media cannot be used: ${why}.`);

export const notEncrypted = () =>
  unusable(
    "not-encrypted",
    "it is not encrypted, which is required on this side of the call; switch on SRTP (SDES) there, or require it no longer",
  );

const isComplete = ({ webrtc, mux }: RemoteLine): boolean => webrtc !== undefined && webrtc.setup !== "passive" && mux;

/** `wanted`: the leg is a browser's, and the other side is none. */
export const notWebrtc = (wanted: boolean) =>
  unusable(
    "no-codec",
    wanted
      ? 'it is not a browser\'s (WebRTC), which this device is set to be; set "webrtc" of its extension to "off" or "auto"'
      : 'it is a browser\'s (WebRTC), which is switched off for this device; set "webrtc" of its extension to "auto"',
  );

/** `why` is the rest of the sentence. */
export const unsecured = (why: string) => giveUp("not-secured", `The browser cannot be talked with: ${why}.`);

export const noBrowsers = () =>
  giveUp(
    "media-cannot",
    "This side of the call is a browser (WebRTC), which rtpengine is not asked to reach: choose the built-in media engine in the " +
      'endpoint, or set "webrtc" of the extension to "off".',
  );

/** `unreached`: whoever carries the sound reaches no browsers. */
export function noCodec(remote: readonly RemoteLine[], unreached = false) {
  const audio = remote.find((l) => l.type === "audio");
  if (audio === undefined) return unusable("no-codec", "it has no audio");
  if (audio.port === 0) return unusable("no-codec", "its audio is switched off (port 0)");
  const protocol = audio.protocol.slice(0, 40);
  if (isWebrtc(audio.protocol) && !isComplete(audio))
    return unusable(
      "no-codec",
      `it is a browser's (${protocol}) without all that is needed: ICE with its password, a fingerprint by SHA-256, a=setup actpass or active, and rtcp-mux`,
    );
  if (unreached && isWebrtc(audio.protocol))
    return unusable(
      "no-codec",
      "it is a browser's (WebRTC), which rtpengine is not asked to reach; choose the built-in media engine in the endpoint",
    );
  if (audio.protocol.includes("SAVP") && audio.crypto.length === 0)
    return unusable(
      "no-codec",
      `it insists on encrypted media (${protocol}), but ${audio.keyed ? "by no suite that we know" : "gives no key (a=crypto)"}; allow AES_CM_128_HMAC_SHA1_80, or plain RTP`,
    );
  return unusable("no-codec", `it has no audio codec that we know (${audio.list.slice(0, 60)}); allow PCMA or PCMU`);
}
