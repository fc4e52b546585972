// A simulated door station (X9): a button, a voice, a relay that the door code pulses, and a camera.
import { PorteroError, tryAgain } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { IncomingCall } from "../sip/dialog/incoming.ts";
import type { Endpoint } from "../sip/endpoint.ts";
import { SimCamera, type CameraBehaviour } from "./camera.ts";
import { SimDevice, type DeviceOptions } from "./device.ts";
import { Relay } from "./relay.ts";

export interface BellOptions extends DeviceOptions {
  /** The door code that pulses its relay; "1234" by default. */
  readonly code?: Secret;
  /** The number its button dials; its own extension by default. */
  readonly dial?: string;
  readonly camera?: {
    readonly behaviour?: CameraBehaviour;
    /** By default the number of the SIP port, or any free one over TCP. */
    readonly port?: number;
  };
}

// Ports of UDP and TCP with the same number are looked for so many times.
const tries = 20;

export class SimBell extends SimDevice {
  readonly #options: BellOptions;
  readonly #relay: Relay;
  #camera: SimCamera | undefined;
  #visitor = 0;

  constructor(options: BellOptions) {
    super("bell", options);
    this.#options = options;
    const code = options.code ?? new Secret("1234");
    this.#relay = new Relay(this.clock, code, (state) => this.tell({ event: "relay", state }));
  }

  /** Where its picture is fetched, with its login and password; "" before it was started. */
  get cameraUrl(): string {
    return this.#camera?.url ?? "";
  }

  /**
   * Presses the button: the next visitor stands there and a call begins. Whoever talks has gone by then; while it rings it
   * rejects with a sentence.
   */
  async press(number?: string): Promise<void> {
    if (this.state === "talking") await this.hangUp();
    if (this.state === "idle") {
      this.#visitor++;
      this.#relay.reset();
    }
    await this.call(number ?? this.#options.dial ?? this.#options.extension);
  }

  override async close(): Promise<void> {
    this.#relay.close();
    await super.close();
    await this.#camera?.close();
  }

  // Somebody calls the door: it answers at once, as door stations do.
  protected called(call: IncomingCall): void {
    this.#relay.reset();
    this.accept(this.ring(call));
  }

  protected override digitReceived(digit: string): void {
    this.#relay.hear(digit);
  }

  protected override async open(port: number): Promise<Endpoint> {
    const { transport, camera: { port: cameraPort } = {} } = this.#options;
    if (transport === "tcp" || transport === "tls" || cameraPort !== undefined) {
      this.#camera = await this.#openCamera(cameraPort ?? 0);
      return this.#listenOr(this.#camera, port);
    }
    for (let left = tries; ; left--) {
      const camera = await this.#openCamera(port);
      try {
        const endpoint = await this.#listenOr(camera, camera.port);
        this.#camera = camera;
        return endpoint;
      } catch (error) {
        const taken = error instanceof PorteroError && error.code === "port-busy";
        if (!taken || port !== 0) throw error;
        if (left <= 0) throw tryAgain("port-busy", "no port is free for both SIP and the camera", { cause: error });
      }
    }
  }

  async #listenOr(camera: SimCamera, port: number): Promise<Endpoint> {
    try {
      return await this.listen(port);
    } catch (error) {
      await camera.close();
      throw error;
    }
  }

  #openCamera(port: number): Promise<SimCamera> {
    const { extension, login = extension, password, name = "Frontdoor", camera } = this.#options;
    return SimCamera.open({
      ...{ bind: this.bind, port, login, password, clock: this.clock, behaviour: camera?.behaviour ?? "normal" },
      scene: () => ({ name, visitor: this.#visitor, open: this.#relay.on }),
    });
  }
}
