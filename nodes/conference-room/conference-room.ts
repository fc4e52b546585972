// A conference room (H9): its form, given to the endpoint's switchboard. A config node; dial-strategy brings bells into it.
import type { ConferenceSettings } from "../../src/visit/places/rooms.ts";
import { soundNamed } from "../../src/visit/sound/sounds.ts";
import { setUpPlace, type PlaceNode } from "../place.ts";
import type { Config, Red } from "../red.d.ts";
import { entriesIn, numberOr, textOr } from "../fields.ts";

export interface RoomConfig extends Config {
  endpoint?: string;
  visitorNumber?: string;
  memberNumber?: string;
  most?: string;
  /** A WAV file or its URL; empty: a tune of our own. */
  music?: string;
  tones?: boolean;
  stay?: boolean;
  /** Extensions, separated by commas or spaces. */
  mayOpen?: string;
}

/** The settings for what stands in the dialog; blank means the default, and a blank number none. */
export function roomForm(config: RoomConfig): ConferenceSettings {
  const [visitorNumber, memberNumber, music] = [config.visitorNumber, config.memberNumber, config.music].map(textOr);
  return {
    name: textOr(config.name) ?? "Conference",
    ...(visitorNumber !== undefined && { visitorNumber }),
    ...(memberNumber !== undefined && { memberNumber }),
    ...(music !== undefined && { music: soundNamed(music) }),
    ...{ most: numberOr(config.most, 10), tones: config.tones === true, stay: config.stay === true },
    mayOpen: entriesIn(config.mayOpen),
  };
}

export default function (RED: Red): void {
  function ConferenceRoom(this: PlaceNode, config: RoomConfig) {
    RED.nodes.createNode(this, config);
    const form = roomForm(config);
    setUpPlace(RED, this, config, { kind: "conference room", name: form.name }, (switchboard, owner) =>
      switchboard.addRoom(form, owner),
    );
  }
  RED.nodes.registerType("conference-room", ConferenceRoom);
}
