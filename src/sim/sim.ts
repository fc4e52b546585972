// The simulated devices: a bell and a phone that speak real SIP, RTP and HTTP, so that everything can be tried without
// hardware (X9).
export { SimBell, type BellOptions } from "./bell.ts";
export type { CameraBehaviour } from "./camera.ts";
export type { SimEvent } from "./events.ts";
export { SimPhone, type PhoneOptions } from "./phone.ts";
