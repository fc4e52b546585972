// The house of the pages that answer.
import type { FlowNode } from "./house.ts";
import { panel } from "./panel.ts";

const placed = { z: "f", x: 100, y: 100 };
const inject = (id: string, to: string): FlowNode => ({
  ...{ ...placed, id, type: "inject", props: [{ p: "payload" }], payload: "", payloadType: "str", wires: [[to]] },
});
const sim = (id: string, more: object): FlowNode => ({ ...placed, id, type: "doorbell-sim", wires: [[]], ...more });

/** Three doors, whose pages answer as one extension, and a phone beside them. */
export const flow: readonly FlowNode[] = [
  { id: "f", type: "tab", label: "answering" },
  { id: "ep", type: "sip-endpoint", bind: "127.0.0.1", port: "0", rtpFrom: "0", rtpTo: "0" },
  ...["front", "garden"].map((slug, nth) => ({
    ...{ id: `door-${slug}`, type: "door", endpoint: "ep", name: `The ${slug}`, slug, extension: `50${nth}` },
    ...{ preset: "simulated", browsers: "open", answerAs: "6100" },
  })),
  {
    ...{ id: "door-panel", type: "door", endpoint: "ep", name: "The panel", slug: "panel", preset: "generic" },
    ...{ extension: panel.extension, browsers: "see", answerAs: "6100" },
  },
  {
    ...{ ...placed, id: "registrar", type: "sip-registrar", endpoint: "ep", wires: [[], [], []] },
    extensions: ["6100", "6001"].map((number) => ({ number, name: "", login: "", maxContacts: "" })),
  },
  inject("press", "bell"),
  sim("bell", { role: "bell", door: "door-front", wires: [["hears"]] }),
  // What the bell hears, once a second: fetched by its level.
  {
    ...placed,
    id: "hears",
    type: "switch",
    property: "event",
    propertyType: "msg",
    rules: [{ t: "eq", v: "audio", vt: "str" }],
    wires: [["keep"]],
  },
  {
    ...placed,
    id: "keep",
    type: "change",
    rules: [{ t: "set", p: "heard", pt: "flow", to: "payload", tot: "msg" }],
    wires: [[]],
  },
  { ...placed, id: "ask", type: "http in", url: "/heard", method: "get", wires: [["find"]] },
  {
    ...placed,
    id: "find",
    type: "change",
    rules: [
      { t: "set", p: "payload", pt: "msg", to: "heard", tot: "flow" },
      { t: "delete", p: "heard", pt: "flow" },
    ],
    wires: [["tell"]],
  },
  { ...placed, id: "tell", type: "http response", wires: [] },
  inject("kitchen", "phone"),
  sim("phone", { role: "phone", endpoint: "ep", extension: "6001" }),
  { ...placed, id: "in", type: "doorbell-in", door: "door-front", wires: [["ring"], [], [], []] },
  { ...placed, id: "in-panel", type: "doorbell-in", door: "door-panel", wires: [["ring"], [], [], []] },
  {
    ...{
      ...placed,
      id: "ring",
      type: "dial-strategy",
      strategy: "ring-all",
      targets: ["6100", "6001"],
      wires: [[], [], []],
    },
    ...{ seconds: "60", secondsType: "num" },
  },
];
