// A door's dialog as it is saved, and what it says as `checkDoor` takes it.
import type { Secret } from "../../src/secret.ts";
import { slugOf } from "../../src/slug.ts";
import { boxesIn } from "../boxes.ts";
import type { DeviceRow } from "../devices.ts";
import { numberIn, numbersIn, textOr } from "../fields.ts";
import type { Config } from "../red.d.ts";
import type { Access, DoorCredentials } from "./node.ts";
import { openingForm, type OpeningConfig } from "./opening.ts";
import { reportForm, type ReportConfig } from "./reports.ts";

export interface DoorConfig extends Config, ReportConfig, OpeningConfig, Omit<DeviceRow, "dndStatus"> {
  endpoint?: string;
  slug?: string;
  preset?: string;
  extension?: string;
  login?: string;
  address?: string;
  sipPort?: string;
  imageUrl?: string;
  videoUrl?: string;
  pictureSources?: string[];
  pictureTimeout?: string;
  keepPicture?: string;
  masks?: string;
  verifyTls?: boolean;
  pin?: string;
  answererDigits?: string;
  bounceSeconds?: string;
  pressInTalk?: string;
  /** Empty: as the make has it. */
  oneCall?: "on" | "off" | "";
  buttons?: { number?: string; name?: string }[];
  buttonFrom?: string;
  buttonHeader?: string;
  hangUpAfterOpening?: string;
  longestTalk?: string;
  mediaTimeout?: string;
  liveAlways?: boolean;
  liveSound?: boolean;
  liveWarm?: string;
  clipSeconds?: string;
  /** What browsers may; absent: nothing. */
  browsers?: Access;
  /** The extension that its pages answer as; absent or empty: they answer nothing. */
  answerAs?: string;
}

/** The door's id in messages and topics. */
export const slugIn = ({ slug, name }: Pick<DoorConfig, "slug" | "name">): string => textOr(slug) ?? slugOf(name ?? "");

/**
 * The form as checkDoor wants it. `generated` is the password where the form has none; the simulated bell opens with the
 * code of P6 unless it is given another, so that examples, which hold no codes, can open a door.
 */
export function doorForm(config: DoorConfig, credentials: Partial<DoorCredentials>, generated: Secret): object {
  const { login, address, imageUrl, videoUrl, verifyTls, pin, extension, answererDigits } = config;
  const { sipPort, hangUpAfterOpening, longestTalk, mediaTimeout } = config;
  const { pictureTimeout, keepPicture, liveWarm, clipSeconds } = config;
  const preset = textOr(config.preset) ?? "generic";
  return {
    id: slugIn(config),
    name: textOr(config.name) ?? "Door",
    ...{ preset, extension: textOr(extension), login, address, imageUrl, videoUrl, pin, answererDigits },
    password: textOr(credentials.password) ?? generated,
    code: textOr(credentials.code) ?? (preset === "simulated" ? "1234" : ""),
    cameraUsername: credentials.cameraUsername,
    cameraPassword: credentials.cameraPassword,
    verifyTls: verifyTls !== false,
    ...picturesIn(config),
    liveAlways: config.liveAlways === true,
    liveSound: config.liveSound === true,
    ...pressForm(config),
    ...openingForm(config, credentials.relayCodes),
    ...numbersIn({ sipPort, hangUpAfterOpening, longestTalk, mediaTimeout }),
    ...numbersIn({ pictureTimeout, keepPicture, liveWarm, clipSeconds }),
    ...reportForm(config),
  };
}

/** A mask that cannot be read is left as it is, to be refused: no picture leaves without it. */
function picturesIn({ pictureSources = [], masks }: DoorConfig): object {
  const hidden = textOr(masks) ?? "";
  return { ...(pictureSources.length > 0 && { pictureSources }), masks: boxesIn(hidden) ?? hidden };
}

function pressForm({
  bounceSeconds,
  pressInTalk,
  oneCall,
  buttons = [],
  buttonFrom,
  buttonHeader,
}: DoorConfig): object {
  return {
    ...{ pressInTalk, buttonFrom, buttonHeader: textOr(buttonHeader) },
    bounceSeconds: numberIn(bounceSeconds),
    oneCall: oneCall ? oneCall === "on" : undefined,
    buttons: buttons.flatMap(({ number, name }) => {
      const own = textOr(number);
      return own === undefined ? [] : [{ number: own, name: textOr(name) ?? own }];
    }),
  };
}
