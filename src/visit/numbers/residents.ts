// The numbers at which devices register: phones by their extensions, and door stations. Each is claimed in the number
// plan, known to the registrar with its password, and entered in the directory; all of it goes again together.
import { checkDoor, knowsDtmf, type DoorForm, type DoorSettings, type Preset } from "../../door/door.ts";
import { giveUp } from "../../errors.ts";
import { codecNames, understoodNames } from "../../media/codec.ts";
import type { Secret } from "../../secret.ts";
import type { Endpoint } from "../../sip/endpoint.ts";
import { checkDevice, isUnheard, type DeviceOptions } from "./devices.ts";
import type { Directory } from "./directory.ts";
import type { Entrances } from "../presses/entrances.ts";
import type { NumberPlan } from "./number-plan.ts";
import { checkExtension, type ExtensionSettings } from "../settings.ts";

export interface ResidentHost {
  readonly endpoint: Endpoint;
  readonly plan: NumberPlan;
  readonly directory: Directory;
  readonly entrances: Entrances;
  /** Where rtpengines are that carry our media; none: we do. */
  readonly rtpengines: readonly string[];
}

interface Resident {
  readonly extension: string;
  readonly login?: string;
  readonly password: Secret;
  readonly maxContacts: number;
  readonly nonceReuse?: boolean;
  readonly rport?: boolean;
}

/** @throws PorteroError `invalid`, `number-taken` (H20), `login-taken` */
export function addExtension(host: ResidentHost, settings: ExtensionSettings, owner: string): () => void {
  const { password, ...form } = settings;
  checkExtension(form);
  checkDevice(form, `extension ${form.extension}`);
  const { extension, login, name, rport, maxContacts = 10 } = settings;
  const resident = { extension, password, maxContacts, ...(login && { login }), ...(rport !== undefined && { rport }) };
  return moveIn(host, resident, owner, () =>
    host.directory.enter(extension, { kind: "extension", name: name || extension, options: form }),
  );
}

// Nobody knows whether such a door takes its code in the usual way, and there is no HTTP call to go on with where it does not.
const isGuess = (preset: Preset): boolean => !knowsDtmf(preset) && preset.opening === undefined;

/** @throws PorteroError `invalid`, `door-taken`, `number-taken` (H20), `login-taken`, `keys-pass` */
export function addDoor(host: ResidentHost, settings: DoorForm, owner: string, device: DeviceOptions): () => void {
  const checked = checkDoor(settings);
  checkDevice(device, owner);
  const { id, extension, login, password, name } = checked;
  if (host.entrances.get(id))
    throw giveUp("door-taken", `two doors are called "${id}": give one of them another name`, { data: { owner } });
  const heard = heardOf(host, checked, device, owner);
  const preset = checked.make;
  const { method, durationMs, gapMs } = preset.dtmf;
  const { rport } = device;
  const nonceReuse = preset.sip?.nonceReuse;
  const dtmf = knowsDtmf(preset) ? method : "auto";
  const resident = {
    ...{ extension, password, maxContacts: 1, ...(login && { login }) },
    ...{ ...(nonceReuse !== undefined && { nonceReuse }), ...(rport !== undefined && { rport }) },
  };
  return moveIn(host, resident, owner, () => {
    const remove = host.entrances.add(checked, device.dtmf ?? method, device.dtmf === undefined && isGuess(preset));
    const options = { dtmf, dtmfMs: durationMs, dtmfGapMs: gapMs, ...device, ...heard };
    const leave = host.directory.enter(extension, { kind: "door", name, options });
    return () => {
      leave();
      remove();
    };
  });
}

/**
 * A door with rights talks in sound that keys can be taken out of: what passes by us, or hides in a codec that no tone is found
 * in, would open it whatever they say. @throws PorteroError `keys-pass`, `invalid`
 */
function heardOf(
  { rtpengines }: ResidentHost,
  { name, rights }: DoorSettings,
  { codecs = codecNames }: DeviceOptions,
  owner: string,
): Pick<DeviceOptions, "understood"> {
  if (!rights) return {};
  if (rtpengines.length > 0)
    throw giveUp(
      "keys-pass",
      `${name} says who may open it, and the media of its endpoint run in rtpengine (${rtpengines.join(", ")}), by which ` +
        "what a phone presses gets to the door station past that: have the endpoint carry the media itself, or take away " +
        "the lines under Who may open",
      { data: { field: "rights" } },
    );
  if (isUnheard(codecs))
    throw giveUp(
      "invalid",
      `${owner}: codecs must have ${understoodNames}: in others no tone of a key is found, and it has rights`,
      {
        data: { field: "codecs" },
      },
    );
  return { understood: true };
}

function moveIn(
  { plan, endpoint }: ResidentHost,
  resident: Resident,
  owner: string,
  enter: () => () => void,
): () => void {
  const { extension, login = extension } = resident;
  const free = plan.claim(extension, owner);
  try {
    const remove = endpoint.addExtension({ ...resident, login });
    const leave = enter();
    return () => {
      leave();
      remove();
      free();
    };
  } catch (error) {
    free();
    throw error;
  }
}
