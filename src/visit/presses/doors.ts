// The doors of a switchboard: their settings, where each can be reached now, its camera, and its opening.
import { Camera, type Picture } from "../../camera/camera.ts";
import type { Clock } from "../../clock.ts";
import {
  DoorOpener,
  doorCamera,
  type DoorSettings,
  type Means,
  type Opening,
  type OpenRequest,
} from "../../door/door.ts";
import type { DtmfMethod } from "../../dtmf.ts";
import { giveUp } from "../../errors.ts";
import { HttpClient } from "../../http.ts";
import type { Log } from "../../log.ts";
import type { Contact } from "../../sip/registrar/location.ts";
import { showAddress } from "../../sip/transport/flow.ts";

export class Door {
  readonly settings: DoorSettings;
  /** How its code is sent. */
  readonly codeBy: DtmfMethod;
  readonly #contact: () => Contact | undefined;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Kept between pictures, so that connection and nonce are: the second picture is the fast one. */
  #camera: { key: string; camera: Camera } | undefined;

  constructor(settings: DoorSettings, codeBy: DtmfMethod, contact: () => Contact | undefined, clock: Clock, log: Log) {
    this.settings = settings;
    this.codeBy = codeBy;
    this.#contact = contact;
    this.#clock = clock;
    this.#log = log;
  }

  get hasCamera(): boolean {
    return doorCamera(this.settings, this.#where()).image !== undefined;
  }

  /** Fetches a picture now. Rejects with a sentence. */
  snapshot(): Promise<Picture> {
    const settings = doorCamera(this.settings, this.#where());
    if (!settings.image)
      return Promise.reject(
        giveUp(
          "no-image-url",
          `${this.settings.name} has no camera that can be reached: enter its image URL, or let it register`,
        ),
      );
    const key = settings.image.reveal();
    if (this.#camera?.key !== key) {
      this.#camera?.camera.close();
      this.#camera = { key, camera: new Camera(settings, { clock: this.#clock, log: this.#log }) };
    }
    return this.#camera.camera.snapshot();
  }

  /** Host of the device as it registered, for the relay's URL. */
  get address(): string | undefined {
    return this.#where().address;
  }

  close(): void {
    this.#camera?.camera.close();
  }

  #where(): { address?: string; contact?: string } {
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
