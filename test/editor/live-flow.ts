// A house with a door for each kind of camera, for tests of live view.
import type { ClockCamera } from "../camera/clock-camera.ts";
import type { FlowNode } from "./house.ts";

/** `bFrames` sends its pictures in another order than they are shown; `other`: where cameras of another make are. */
export function flowWith({ rtspUrl, httpUrl }: ClockCamera, bFrames: ClockCamera, other: string): FlowNode[] {
  const door = (slug: string, extension: string, more: object): FlowNode => ({
    ...{ id: `door-${slug}`, type: "door", endpoint: "ep", name: `The ${slug}`, slug, extension, browsers: "see" },
    ...{ preset: "generic", imageUrl: `${httpUrl}/still.jpg`, ...more },
  });
  const [placed, wires] = [{ z: "f", x: 100, y: 100 }, [["bell"]]];
  return [
    { id: "f", type: "tab", label: "live" },
    { id: "ep", type: "sip-endpoint", bind: "127.0.0.1", port: "0", rtpFrom: "0", rtpTo: "0" },
    door("front", "501", { preset: "simulated", browsers: "open", videoUrl: rtspUrl }),
    door("garden", "502", { videoUrl: `${httpUrl}/film` }),
    door("masked", "503", { videoUrl: rtspUrl, masks: "0 0 100 20" }),
    door("hedge", "507", { videoUrl: bFrames.rtspUrl }),
    door("law", "505", { videoUrl: rtspUrl, liveSound: true }),
    door("aac", "506", { videoUrl: `${other}/aac`, liveSound: true }),
    door("closed", "504", { videoUrl: rtspUrl, browsers: undefined }),
    { ...placed, id: "press", type: "inject", props: [{ p: "payload" }], payload: "press", payloadType: "str", wires },
    { ...placed, id: "bell", type: "doorbell-sim", role: "bell", door: "door-front", wires: [[]] },
  ];
}
