// A door of a switchboard: its settings, where it can be reached now, and its camera.
import type { CameraDeps } from "../../camera/camera.ts";
import type { Clock } from "../../clock.ts";
import { LiveCamera, type LiveDeps } from "../../camera/live/live-camera.ts";
import type { DoorSettings, Whereabouts } from "../../door/door.ts";
import { liveRules } from "../../door/live.ts";
import type { DtmfMethod } from "../../dtmf.ts";
import type { Contact } from "../../sip/registrar/location.ts";
import { showAddress, writeHost } from "../../ip.ts";
import { DoorEye } from "./door-eye.ts";
import type { PressClip } from "../messages.ts";
import { doorLive, pressClip } from "./door-live.ts";

export class Door {
  readonly settings: DoorSettings;
  /** How its code is sent. */
  readonly codeBy: DtmfMethod;
  /** Nobody has said so, and nobody knows: where it refuses that for its kind, another way may be tried. */
  readonly guessed: boolean;
  readonly eye: DoorEye;
  /** Its film, or why there is none. */
  readonly live: LiveCamera | Error;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #contact: () => Contact | undefined;

  constructor(
    settings: DoorSettings,
    { codeBy, guessed }: Pick<Door, "codeBy" | "guessed">,
    contact: () => Contact | undefined,
    seeing: CameraDeps & LiveDeps,
  ) {
    this.settings = settings;
    this.codeBy = codeBy;
    this.guessed = guessed;
    this.#contact = contact;
    this.#clock = seeing.clock;
    const live = (this.live = doorLive(settings, () => this.#where(), seeing));
    const watched = live instanceof LiveCamera ? { live: () => live.lastKey() } : {};
    this.eye = new DoorEye(settings, () => this.#where(), { ...seeing, ...watched });
  }

  /** Host of the device as it registered, for the relay's URL. */
  get address(): string | undefined {
    return this.#where().address;
  }

  /** Where it is; the form's address goes before the registered one. */
  get whereabouts(): Whereabouts {
    const where = this.#where();
    return { ...where, address: this.settings.address ?? where.address };
  }

  /** A film of what is seen about now, where the door's settings want one. Rejects with why there is none. */
  clip(): Promise<PressClip> | undefined {
    const { clip } = liveRules(this.settings);
    return clip && pressClip(this.live, clip, this.#clock, this.#closing.signal);
  }

  close(): void {
    this.#closing.abort();
    if (this.live instanceof LiveCamera) this.live.close();
    this.eye.close();
  }

  #where(): Whereabouts {
    const remote = this.#contact()?.flow.remote;
    return remote ? { address: remote.host, contact: showAddress(remote) } : {};
  }
}

/** The address in a door's settings, without the brackets of IPv6; "" where there is none. */
export const hostOfDoor = ({ settings }: Door): string =>
  (settings.address ?? "").replace(/^\[|\]$/g, "").toLowerCase();

/** Where it is called that does not register (A1); undefined where that is not known. */
export function directUriOf(door: Door): string | undefined {
  const { address, sipPort } = door.settings;
  if (address === undefined) return undefined;
  return `sip:${writeHost(hostOfDoor(door))}${sipPort === undefined ? "" : `:${sipPort}`}`;
}
