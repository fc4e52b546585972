import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { controlUrl, trackOf } from "../../../src/camera/rtsp/sdp.ts";
import { PorteroError } from "../../../src/errors.ts";

const sdp = (...lines: string[]) => ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=x", "t=0 0", ...lines].join("\r\n");
const place = "The camera at rtsp://192.0.2.1/";
const refused = (text: string): string => {
  try {
    trackOf(text, place);
  } catch (error) {
    assert.ok(error instanceof PorteroError);
    assert.ok(error.message.startsWith(place));
    return error.code;
  }
  return "taken";
};

describe("what a camera says of its video, RFC 8866 and RFC 2326 appendix C", () => {
  it("takes the first video line, its control and the session's, whatever stands before it", () => {
    const track = trackOf(
      sdp(
        ...["a=control:*", "m=audio 0 RTP/AVP 0", "a=control:track1", "m=video 0 RTP/AVP 96", "b=AS:4000"],
        ...["a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAHg==,aM48gA=="],
        ...["a=control:track2", "m=video 0 RTP/AVP 26", "a=control:track3"],
      ),
      place,
    );
    const { codec, payloadType, control, sessionControl } = track;
    assert.deepEqual(
      { codec, payloadType, control, sessionControl },
      {
        ...{ codec: "h264", payloadType: 96, control: "track2", sessionControl: "*" },
      },
    );
  });

  it("knows JPEG by its number alone, H.265 by both its names", () => {
    assert.equal(trackOf(sdp("m=video 0 RTP/AVP 26"), place).codec, "jpeg");
    for (const name of ["H265", "hevc"])
      assert.equal(trackOf(sdp("m=video 0 RTP/AVP 98", `a=rtpmap:98 ${name}/90000`), place).codec, "h265");
  });

  it("says what it cannot use", () => {
    assert.equal(refused(""), "bad-sdp");
    assert.equal(refused("<html></html>"), "bad-sdp");
    assert.equal(refused(sdp("m=audio 0 RTP/AVP 0")), "no-video");
    assert.equal(refused(sdp("m=video 0 RTP/AVP 97", "a=rtpmap:97 MP4V-ES/90000")), "unsupported-video");
    assert.equal(refused(sdp("m=video 0 RTP/AVP 96")), "unsupported-video");
    const mode2 = ["a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=2"];
    assert.equal(refused(sdp("m=video 0 RTP/AVP 96", ...mode2)), "unsupported-video");
  });

  it("finds a control behind its base as cameras mean it (§C.1.1)", () => {
    const base = "rtsp://192.0.2.1:554/cam?channel=1";
    for (const [control, url] of [
      [undefined, base],
      ["*", base],
      ["trackID=1", `${base}/trackID=1`],
      ["?track=1", `${base}?track=1`],
      ["rtsp://10.0.0.1/track 1", "rtsp://10.0.0.1/track%201"],
    ] as const)
      assert.equal(controlUrl(control, base), url);
    assert.equal(controlUrl("track1", "rtsp://192.0.2.1/live/"), "rtsp://192.0.2.1/live/track1");
  });
});
