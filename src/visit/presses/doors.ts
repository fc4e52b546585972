// The doors of a switchboard: their settings, where each can be reached now, its camera, and its opening.
import type { CameraDeps } from "../../camera/camera.ts";
import type { Clock } from "../../clock.ts";
import {
  DoorOpener,
  type DoorSettings,
  type Means,
  type Opening,
  type OpenRequest,
  type Whereabouts,
} from "../../door/door.ts";
import type { DtmfMethod } from "../../dtmf.ts";
import { HttpClient } from "../../http.ts";
import type { Log } from "../../log.ts";
import type { Contact } from "../../sip/registrar/location.ts";
import { showAddress } from "../../sip/transport/flow.ts";
import { DoorEye } from "./door-eye.ts";

export class Door {
  readonly settings: DoorSettings;
  /** How its code is sent. */
  readonly codeBy: DtmfMethod;
  readonly eye: DoorEye;
  readonly #contact: () => Contact | undefined;

  constructor(settings: DoorSettings, codeBy: DtmfMethod, contact: () => Contact | undefined, seeing: CameraDeps) {
    this.settings = settings;
    this.codeBy = codeBy;
    this.#contact = contact;
    this.eye = new DoorEye(settings, () => this.#where(), seeing);
  }

  /** Host of the device as it registered, for the relay's URL. */
  get address(): string | undefined {
    return this.#where().address;
  }

  close(): void {
    this.eye.close();
  }

  #where(): Whereabouts {
    const remote = this.#contact()?.flow.remote;
    return remote ? { address: remote.host, contact: showAddress(remote) } : {};
  }
}

/** Opens doors, one way for everybody who asks. */
export class Doorkeeper {
  readonly #opener: DoorOpener;
  readonly #http: HttpClient;

  constructor(clock: Clock, log: Log) {
    this.#opener = new DoorOpener({ clock, log });
    this.#http = new HttpClient({ clock });
  }

  open(door: Door, request: OpenRequest, sendDigits: Means["sendDigits"]): Promise<Opening> {
    const { address } = door;
    return this.#opener.open(door.settings, request, {
      http: this.#http,
      ...(sendDigits && { sendDigits }),
      ...(address === undefined ? {} : { address }),
    });
  }

  close(): void {
    this.#http.close();
  }
}
