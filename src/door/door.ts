// What the house may use of this room: presets, a door's checked settings, its URLs, and its opening.
export { DoorOpener, type Learned, type Opening, type OpenRequest, type Refused } from "./opener.ts";
export { CodeBook, type CodeSettings, type CodeView, type Hash, type Redeemed } from "./codes.ts";
export type { Place } from "./lock-out.ts";
export type { Means, OpeningStep } from "./means.ts";
export { pictureFields } from "./pictures.ts";
export { pressRules, type PressRules, type PressSettings } from "./presses.ts";
export { PresetFolder, type PresetCatalogue } from "./preset-folder.ts";
export { presetFrom } from "./preset-from.ts";
export { checkPreset, knowsDtmf, type Preset } from "./preset.ts";
export { presetOf, presets } from "./presets.ts";
export { opens, type OpenedAs } from "./rights.ts";
export { relayOf, relaysOf } from "./relays.ts";
export { checkDoor, type DoorForm, type DoorSettings } from "./settings.ts";
export { reportOf, reportWords, type DeviceReport } from "./reports.ts";
export { talkRules, type TalkRules, type TalkSettings } from "./talks.ts";
export { Poller } from "./poll.ts";
export { pollOf } from "./polls.ts";
export { doorCamera, fillUrl, webCredentials, type Whereabouts } from "./urls.ts";
