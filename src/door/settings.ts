// The form of a door (P6), checked: each fault is a sentence that names the field, what is wrong and what to do.
// Credentials that stand inside URLs are taken out of them at once (P7).
import { giveUp, PorteroError } from "../errors.ts";
import { splitCredentials, type SplitUrl } from "../http/credentials.ts";
import { numberSchema } from "../number.ts";
import { checker, type Form } from "../schema.ts";
import { Secret } from "../secret.ts";
import { buttonFault, pressFields } from "./presses.ts";
import { liveAdvice, liveFields } from "./live.ts";
import { pictureAdvice, pictureFault, pictureFields } from "./pictures.ts";
import { openingPlans } from "./means.ts";
import { pollAdvice, pollFault, pollFields } from "./polls.ts";
import type { Preset } from "./preset-schema.ts";
import { presets } from "./presets.ts";
import { keySchema, relayFault, relayFields, type RelaySettings } from "./relays.ts";
import { reportAdvice, reportFields } from "./reports.ts";
import { rightFields, rightsFault } from "./rights.ts";
import { talkAdvice, talkFields } from "./talks.ts";
import { slugForm, slugLength } from "../slug.ts";

const codesFrom = ["both", "phone", "door", "off"] as const;

// The checker quotes what a pattern refuses, so whatever may hold a password (P7) is judged below instead.
const text = { type: "string" } as const;
/** Its fields, for a JSON schema. */
export const doorFields = {
  /** The door's name in topics and files. */
  id: { type: "string", pattern: slugForm, maxLength: slugLength },
  name: { type: "string", maxLength: 100 },
  /** Id of a preset. */
  preset: text,
  /** The SIP user and number, such as "503". */
  extension: numberSchema,
  /** Authentication user; default: the extension. */
  login: { type: "string", pattern: '^[^"\\\\\\s]{1,64}$' },
  password: text,
  /** Host of the device; default: taken from its registration. */
  address: text,
  /** Where it takes calls, if it does not register; default: as SIP has it. */
  sipPort: { type: "integer", minimum: 1, maximum: 65535 },
  /** URL template; default: the preset's. */
  imageUrl: text,
  videoUrl: text,
  cameraUsername: text,
  cameraPassword: text,
  /** DTMF door code of 0-9 A-D * # and "," (a pause of 500 ms); empty = this door does not open by DTMF. */
  code: text,
  /** What who talks with it presses to open it; the door's own digits do not go on to it then. */
  openKey: keySchema,
  /** Where codes are typed: at the phone, at the door's keypad; at both, as soon as there are any, where it is absent. */
  codesFrom: { enum: codesFrom },
  /** Which steps open it, in their order; those that can be taken, the likeliest first, where it is absent. */
  openBy: { enum: openingPlans },
  /** Who gets the digits that the one who answered presses: the door, the flow, or both; both where it is absent. */
  answererDigits: { enum: ["both", "door", "flow"] },
  verifyTls: { type: "boolean" },
  /** SHA-256 fingerprint of the certificate, lower-case hexadecimal where it was checked. */
  pin: text,
  ...pressFields,
  /** The first is the one that is opened where nobody says which; absent: there is one, without a name. */
  ...relayFields,
  /** Who may open it, and when; everybody who can ask where it is absent or empty. */
  ...rightFields,
  ...talkFields,
  ...pictureFields,
  ...liveFields,
  ...reportFields,
  ...pollFields,
} as const;

const required = ["id", "name", "preset", "extension"] as const;
const checkForm = checker("door", {
  type: "object",
  required: [...required, "password"],
  additionalProperties: false,
  properties: doorFields,
});

type Fields = Form<typeof doorFields>;
type Needed = Required<Pick<Fields, (typeof required)[number]>>;
/** What is no longer what was typed. */
type Judged = "password" | "code" | "imageUrl" | "videoUrl" | "cameraPassword" | "relays";

export interface DoorSettings extends Omit<Fields, Judged | keyof Needed>, Needed {
  /** The preset. */
  readonly make: Preset;
  readonly password: Secret;
  readonly code: Secret;
  /** Without user and password. */
  readonly imageUrl?: Secret;
  readonly videoUrl?: Secret;
  readonly cameraPassword?: Secret;
  readonly relays?: readonly RelaySettings[];
}

/** The same before it was checked: its preset may be known by its id alone. */
export type DoorForm = Omit<DoorSettings, "make"> & Partial<Pick<DoorSettings, "make">>;

const advice: Record<string, string> = {
  id: "use small letters, digits and hyphens, such as front-door",
  name: "give the door a name, such as Frontdoor",
  extension: "enter the number the bell registers with, such as 503",
  login:
    "enter the name the bell authenticates with, without spaces or quotes, or leave it empty if it is the extension",
  password: "enter the bell's SIP password",
  address: "enter only a host name or an IP address, such as 192.168.1.20, or leave it empty",
  sipPort: "enter a port from 1 to 65535, such as 5062, or leave it empty",
  code: 'enter the digits that open the door, such as 1234 ("," makes a pause of 500 ms)',
  openKey: "enter 1 to 4 of 0-9, # and A-D, such as 5",
  codesFrom: `choose one of ${codesFrom.join(", ")}`,
  openBy: `choose one of ${openingPlans.join(", ")}`,
  answererDigits: "choose both, door or flow",
  pin: "enter the SHA-256 fingerprint of its certificate, 64 hexadecimal digits",
  bounceSeconds: "enter seconds from 0 to 60, or leave it empty",
  pressInTalk: "choose busy, wait or replace",
  buttonFrom: "choose dialled, to, name or header",
  buttonHeader: "enter the name of a header, such as X-Button",
  rights: "give each line who, and times such as 08:00 or 2026-12-24",
  relays: "give each a name of its own, and digits such as 1234",
  ...talkAdvice,
  ...pictureAdvice,
  ...liveAdvice,
  ...reportAdvice,
  ...pollAdvice,
};

/**
 * Reads a door's form. Secrets may be given as text or as Secret; empty fields count as not given. `catalogue` holds the
 * presets that may be chosen; one that was checked before keeps its own. Throws a PorteroError `invalid`.
 */
export function checkDoor(settings: unknown, catalogue: ReadonlyMap<string, Preset> = presets): DoorSettings {
  const { make, ...given } = (settings ?? {}) as Record<string, unknown> & { readonly make?: Preset };
  const plain = Object.fromEntries(
    Object.entries(given)
      .map(([name, value]) => [name, revealed(value)] as const)
      .filter(([, value]) => value !== undefined && value !== null && value !== ""),
  );
  const named = typeof plain["name"] === "string" ? plain["name"] : plain["id"];
  const who = typeof named === "string" ? `door "${named.slice(0, 40)}"` : "door";
  const form = read(plain, who);
  const refuse = (field: string, what: string, todo = advice[field]) =>
    giveUp("invalid", `${who}: ${field} ${what}${todo === undefined ? "" : `: ${todo}`}`, { data: { field } });

  const preset = make?.id === form.preset ? make : catalogue.get(form.preset);
  if (!preset)
    throw refuse(
      "preset",
      `is not known (it is ${JSON.stringify(form.preset.slice(0, 40))})`,
      `choose one of ${[...catalogue.keys()].join(", ")}`,
    );
  if (preset.sip?.sameLogin && form.login !== undefined && form.login !== form.extension)
    throw refuse("login", `must be the number itself for ${preset.label}`, "leave it empty");
  if (form.address !== undefined && !/^(?:[A-Za-z0-9._-]+|\[?[0-9A-Fa-f:.]+\]?)$/.test(form.address))
    throw refuse("address", "is not a host");
  const code = form.code ?? preset.dtmf.code ?? "";
  if (!/^[0-9A-Da-d*#,]*$/.test(code)) throw refuse("code", "holds something that is not a DTMF digit");
  if (code !== "" && !/[^,]/.test(code)) throw refuse("code", "holds only pauses");
  const pin = form.pin?.replaceAll(":", "").toLowerCase();
  if (pin !== undefined && !/^[0-9a-f]{64}$/.test(pin)) throw refuse("pin", "is not a fingerprint");

  const list = relayFault(form.relays ?? [], form.openKey);
  if (list !== undefined) throw refuse("relays", list);
  const relays = form.relays?.map(({ code: digits, ...relay }) => ({
    ...relay,
    ...(digits ? { code: new Secret(digits.toUpperCase()) } : {}),
  }));
  const unfit = rightsFault(form.rights ?? [], relays ?? []);
  if (unfit !== undefined) throw giveUp("invalid", `${who}: rights ${unfit}`, { data: { field: "rights" } });
  const fault = buttonFault(form) ?? pictureFault(form) ?? pollFault(form, preset);
  if (fault !== undefined) throw giveUp("invalid", `${who}: ${fault}`, { data: { field: fault.split(/[ .]/)[0] } });

  const image = form.imageUrl === undefined ? undefined : split(form.imageUrl, ["http:", "https:"]);
  const video = form.videoUrl === undefined ? undefined : split(form.videoUrl, ["http:", "https:", "rtsp:", "rtsps:"]);
  if (image === "bad") throw refuse("imageUrl", "is not a URL", urlAdvice("http://192.168.1.20/jpg/image.jpg"));
  if (video === "bad") throw refuse("videoUrl", "is not a URL", urlAdvice("rtsp://192.168.1.20:554/stream"));
  if (image?.username !== undefined && video?.username !== undefined && !sameLogin(image, video))
    throw refuse("videoUrl", "holds another user or password than imageUrl", "use one account for the camera");
  const login = image?.username === undefined ? video : image;
  const cameraUsername = form.cameraUsername ?? login?.username;
  // A password belongs to the user it was entered with.
  const cameraPassword =
    secret(form.cameraPassword) ?? (form.cameraUsername === undefined ? login?.password : undefined);

  const { code: _code, imageUrl: _image, videoUrl: _video, cameraPassword: _camera, relays: _relays, ...rest } = form;
  const { password, rights, masks, poll, ...own } = rest;
  return {
    ...own,
    ...{ make: preset, password: new Secret(password), code: new Secret(code.toUpperCase()) },
    ...optional({ pin, cameraUsername, imageUrl: secret(image?.url), videoUrl: secret(video?.url), cameraPassword }),
    ...optional({ masks: masks?.length ? masks : undefined, poll: poll === "off" ? undefined : poll }),
    ...(relays?.length && { relays }),
    ...(rights?.length && { rights }),
  };
}

// Secrets as text, those in lists too.
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revealed(inner)]));
}

function read(plain: Record<string, unknown>, who: string): ReturnType<typeof checkForm> {
  try {
    return checkForm(plain);
  } catch (error) {
    const faults = error instanceof PorteroError ? error.data["faults"] : undefined;
    if (!Array.isArray(faults)) throw error;
    const sentences = faults.map((fault) => {
      const todo = advice[String(fault).split(/[ .]/)[0] ?? ""];
      return todo === undefined ? String(fault) : `${String(fault)}: ${todo}`;
    });
    throw giveUp("invalid", `${who}: ${sentences.join("; ")}`, { data: { faults } });
  }
}

// Takes `user:password@` out of a URL template. Placeholders stand where a host stands, so that the template is split and
// judged with stand-ins for them.
function split(template: string, schemes: readonly string[]): SplitUrl | "bad" {
  const { url: stood, ...login } = splitCredentials(stand(template.trim()));
  const url = standIns.reduce((text, [word, host]) => text.replaceAll(host, word), stood);
  if (!URL.canParse(stood) || !schemes.includes(new URL(stood).protocol) || /[{}\s]/.test(stood)) return "bad";
  return { url, ...login };
}

const standIns = [
  ["{address}", "address.portero.invalid"],
  ["{contact}", "contact.portero.invalid:80"],
  ["{user}", "user.portero.invalid"],
  ["{password}", "password.portero.invalid"],
] as const;
const stand = (template: string) => standIns.reduce((text, [word, host]) => text.replaceAll(word, host), template);

const urlAdvice = (example: string) => `write it like ${example} or with {address} for the door's host`;

const sameLogin = (a: SplitUrl, b: SplitUrl) =>
  a.username === b.username && a.password?.reveal() === b.password?.reveal();
const secret = (value: string | undefined) => (value === undefined ? undefined : new Secret(value));

function optional<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
