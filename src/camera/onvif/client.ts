// Asks an ONVIF device what it is and where its pictures are: ONVIF Core (device service) and Media (ver10; ver20 where there is
// no other). It signs by HTTP Digest where the device asks for it, else by a UsernameToken with the time of the device's clock.
import { randomBytes } from "node:crypto";
import { systemClock, type Clock } from "../../clock.ts";
import { giveUp, PorteroError, tryAgain } from "../../errors.ts";
import { HttpClient, splitCredentials } from "../../http.ts";
import { showUrl, type Secret } from "../../secret.ts";
import { envelope, plain, readAnswer, usernameToken, type Login } from "./soap.ts";
import { all, escaped, first, textAt, type Element } from "./xml.ts";

export interface OnvifSettings {
  /** A URL as discovery finds it, or a host, with a port where it is not 80. */
  readonly address: string;
  readonly username?: string;
  readonly password?: Secret;
  readonly verifyTls?: boolean;
  readonly pin?: string;
}

export interface OnvifProfile {
  readonly name: string;
  /** As the device calls it: `H264`, `JPEG` … */
  readonly codec?: string;
  readonly width?: number;
  readonly height?: number;
  /** Without credentials, on the host that was asked. */
  readonly imageUrl?: string;
  readonly videoUrl?: string;
}

export interface OnvifDevice {
  readonly maker: string;
  readonly model: string;
  readonly url: string;
  /** How far its clock is ahead of ours, in milliseconds; undefined where it does not tell. */
  readonly aheadMs?: number;
  readonly profiles: readonly OnvifProfile[];
}

const device = "http://www.onvif.org/ver10/device/wsdl";
const media1 = "http://www.onvif.org/ver10/media/wsdl";
const media2 = "http://www.onvif.org/ver20/media/wsdl";
const askMs = 5_000;
const wholeMs = 25_000;
const maxBytes = 512 * 1024;
const mostProfiles = 12;
// Of an address that a device tells.
const longestAddress = 2_048;
// Devices take a token whose time is a few seconds off.
const noticedMs = 5_000;

/**
 * Rejects with a PorteroError: those of HttpClient.request (`no-password wrong-password timeout refused …`), and `bad-address`,
 * `not-onvif`, `onvif-fault` (the device's own words), `no-profiles`.
 */
export async function lookAt(settings: OnvifSettings, deps: { clock?: Clock } = {}): Promise<OnvifDevice> {
  const clock = deps.clock ?? systemClock;
  const http = new HttpClient({ clock });
  const url = serviceUrl(settings.address);
  const ended = new AbortController();
  const cancel = clock.after(wholeMs, () => ended.abort());
  try {
    return await new Asking(settings, url, http, clock, ended.signal).look();
  } catch (error) {
    if (!ended.signal.aborted) throw error;
    throw tryAgain("timeout", `${placeOf(url)} was asked for ${wholeMs / 1000} s and is not done: restart it`);
  } finally {
    cancel();
    http.close();
  }
}

const placeOf = (url: URL) => `The camera at ${showUrl(url.href)}`;

/** `192.0.2.7` is asked at the path that the specification proposes. */
function serviceUrl(address: string): URL {
  const { url } = splitCredentials(address.trim());
  const isBare = !/^[a-z]+:\/\//i.test(url);
  const whole = isBare ? `http://${url}/onvif/device_service` : url;
  const parsed = URL.canParse(whole) && !/\s/.test(whole) ? new URL(whole) : undefined;
  if (parsed && ["http:", "https:"].includes(parsed.protocol) && !(isBare && /^$|[/@?#]/.test(url))) {
    if (parsed.pathname === "/") parsed.pathname = "/onvif/device_service";
    return parsed;
  }
  throw giveUp(
    "bad-address",
    "The camera's address must be a host such as 192.0.2.7, 192.0.2.7:8080, or an http(s) URL",
  );
}

class Asking {
  readonly #settings: OnvifSettings;
  readonly #url: URL;
  readonly #http: HttpClient;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #login: Login | undefined;
  #aheadMs: number | undefined;
  /** Known from the first call that was let in by one. */
  #wantsToken = false;

  constructor(settings: OnvifSettings, url: URL, http: HttpClient, clock: Clock, signal: AbortSignal) {
    this.#settings = settings;
    [this.#url, this.#http, this.#clock, this.#signal] = [url, http, clock, signal];
    const { username, password } = settings;
    this.#login = username && password ? { username, password } : undefined;
  }

  async look(): Promise<OnvifDevice> {
    this.#aheadMs = await this.#aheadOf();
    const about = await this.#call(this.#url, `<GetDeviceInformation xmlns="${device}"/>`);
    const media = await this.#mediaService();
    return {
      maker: plain(textAt(about, "Manufacturer") ?? ""),
      model: plain(textAt(about, "Model") ?? ""),
      url: showUrl(this.#url.href),
      ...(this.#aheadMs === undefined ? {} : { aheadMs: this.#aheadMs }),
      profiles: await this.#profiles(media.url, media.version),
    };
  }

  /** Asked without a login (ONVIF Core §5.9): a token needs the answer. */
  async #aheadOf(): Promise<number | undefined> {
    const answer = await this.#tolerant(this.#send(this.#url, `<GetSystemDateAndTime xmlns="${device}"/>`, false));
    const utc = first(answer, "UTCDateTime");
    const number = (...path: string[]) => Number(textAt(utc, ...path) ?? Number.NaN);
    const [year, month, day] = [number("Date", "Year"), number("Date", "Month"), number("Date", "Day")];
    const time = Date.UTC(year, month - 1, day, number("Hour"), number("Minute"), number("Second"));
    return Number.isNaN(time) ? undefined : time - this.#clock.now();
  }

  async #mediaService(): Promise<{ url: URL; version: 1 | 2 }> {
    const list = `<GetServices xmlns="${device}"><IncludeCapability>false</IncludeCapability></GetServices>`;
    const services = await this.#tolerant(this.#call(this.#url, list));
    const addressFor = (namespace: string) => {
      const found = services && all(services, "Service").find((one) => textAt(one, "Namespace") === namespace);
      return textAt(found, "XAddr");
    };
    for (const [namespace, version] of [
      [media1, 1],
      [media2, 2],
    ] as const) {
      const address = addressFor(namespace);
      if (address !== undefined) return { url: this.#here(address) ?? this.#url, version };
    }
    // Devices from before 2011 know only this.
    const wish = `<GetCapabilities xmlns="${device}"><Category>Media</Category></GetCapabilities>`;
    const address = textAt(await this.#tolerant(this.#call(this.#url, wish)), "Media", "XAddr");
    return { url: (address === undefined ? undefined : this.#here(address)) ?? this.#url, version: 1 };
  }

  async #profiles(url: URL, version: 1 | 2): Promise<OnvifProfile[]> {
    const namespace = version === 1 ? media1 : media2;
    const type = version === 1 ? "" : "<Type>VideoEncoder</Type>";
    const answer = await this.#call(url, `<GetProfiles xmlns="${namespace}">${type}</GetProfiles>`);
    const found: OnvifProfile[] = [];
    for (const profile of all(answer, "Profiles").slice(0, mostProfiles)) {
      const token = profile.attributes.get("token");
      if (token === undefined) continue;
      const wanted = `<ProfileToken>${escaped(token)}</ProfileToken>`;
      const setup =
        version === 1
          ? `<StreamSetup><Stream xmlns="http://www.onvif.org/ver10/schema">RTP-Unicast</Stream>` +
            `<Transport xmlns="http://www.onvif.org/ver10/schema"><Protocol>RTSP</Protocol></Transport></StreamSetup>`
          : "<Protocol>RTSP</Protocol>";
      const stream = await this.#tolerant(
        this.#call(url, `<GetStreamUri xmlns="${namespace}">${setup}${wanted}</GetStreamUri>`),
      );
      const image = await this.#tolerant(
        this.#call(url, `<GetSnapshotUri xmlns="${namespace}">${wanted}</GetSnapshotUri>`),
      );
      const imageUrl = this.#urlIn(image, /^https?:$/);
      const videoUrl = this.#urlIn(stream, /^(rtsps?|https?):$/);
      found.push({
        ...shapeOf(profile, token),
        ...(imageUrl === undefined ? {} : { imageUrl }),
        ...(videoUrl === undefined ? {} : { videoUrl }),
      });
    }
    if (found.length > 0) return found;
    throw giveUp("no-profiles", `${placeOf(url)} has no media profiles: set up its video in its own pages first`);
  }

  #urlIn(answer: Element | undefined, schemes: RegExp): string | undefined {
    const said = textAt(answer, "Uri");
    const url = said === undefined ? undefined : this.#here(said);
    return url && schemes.test(url.protocol) ? url.href : undefined;
  }

  /**
   * An address that the device told, on the host that it was reached at: devices name their address of a network behind, of another
   * card, or 0.0.0.0; and a password goes nowhere but to the host that it was entered for.
   */
  #here(address: string): URL | undefined {
    if (address.length > longestAddress) return undefined;
    const { url } = splitCredentials(address);
    if (!URL.canParse(url)) return undefined;
    const told = new URL(url);
    const scheme = /^(https?|rtsps?):$/.exec(told.protocol)?.[0];
    if (scheme === undefined) return undefined;
    const own = told.hostname !== this.#url.hostname && told.protocol === this.#url.protocol && told.port === "";
    const port = own ? this.#url.port : told.port;
    return new URL(`${scheme}//${this.#url.hostname}${port === "" ? "" : `:${port}`}${told.pathname}${told.search}`);
  }

  /** Nothing where the device does not know or refuses the question; every other trouble ends the look. */
  async #tolerant(answer: Promise<Element>): Promise<Element | undefined> {
    try {
      return await answer;
    } catch (error) {
      const harmless = ["onvif-fault", "not-authorized", "no-password", "auth-unknown", "not-onvif"];
      if (error instanceof PorteroError && harmless.includes(error.code)) return undefined;
      throw error;
    }
  }

  async #call(url: URL, body: string): Promise<Element> {
    if (!this.#wantsToken) {
      try {
        return await this.#send(url, body, false);
      } catch (error) {
        if (!(error instanceof PorteroError)) throw error;
        if (!["not-authorized", "auth-unknown"].includes(error.code)) throw error;
        if (!this.#login) {
          throw giveUp("no-password", `${placeOf(url)} wants a user name and password: enter those of the camera`);
        }
      }
    }
    try {
      const answer = await this.#send(url, body, true);
      this.#wantsToken = true;
      return answer;
    } catch (error) {
      if (!(error instanceof PorteroError) || !["not-authorized", "auth-unknown"].includes(error.code)) throw error;
      if (this.#wantsToken)
        throw giveUp("onvif-fault", `${placeOf(url)} does not allow this user: give it more rights`);
      throw this.#refused(url);
    }
  }

  #refused(url: URL): PorteroError {
    const base = `${placeOf(url)} does not accept the user name or password: correct them`;
    const own = "some cameras have users of their own for ONVIF";
    const ahead = this.#aheadMs;
    if (ahead === undefined)
      return giveUp("wrong-password", `${base}, or set its clock, which it does not tell; ${own}`);
    if (Math.abs(ahead) < noticedMs) return giveUp("wrong-password", `${base}; ${own}`);
    const off = `${spanOf(Math.abs(ahead))} ${ahead > 0 ? "ahead" : "behind"}`;
    return giveUp("wrong-password", `${base}. Its clock is ${off}: set it if they are right; ${own}`, {
      data: { aheadMs: ahead },
    });
  }

  async #send(url: URL, body: string, withToken: boolean): Promise<Element> {
    const created = new Date(this.#clock.now() + (this.#aheadMs ?? 0)).toISOString();
    const header = withToken && this.#login ? usernameToken(this.#login, randomBytes(16), created) : "";
    const { verifyTls, pin } = this.#settings;
    const place = placeOf(url);
    const { status, body: bytes } = await this.#http.request({
      ...{ url: url.href, method: "POST", timeoutMs: askMs, maxBytes, signal: this.#signal, what: "The camera" },
      body: envelope(body, header),
      headers: { "Content-Type": "application/soap+xml; charset=utf-8" },
      ...this.#login,
      ...(verifyTls === undefined ? {} : { verifyTls }),
      ...(pin === undefined ? {} : { pin }),
    });
    const answer = readAnswer(bytes);
    if (answer && "body" in answer && status < 300) return answer.body;
    if (answer && "fault" in answer) {
      const { codes, reason } = answer.fault;
      if (/NotAuthorized|FailedAuthentication|InvalidSecurity/i.test(codes)) throw giveUp("not-authorized", reason);
      throw giveUp("onvif-fault", `${place} refuses: ${reason || codes || "it does not say why"}`);
    }
    if (status === 403) throw giveUp("not-authorized", `${place} answered 403`);
    const what = status < 300 ? "with no SOAP" : `with status ${status}`;
    throw giveUp(
      "not-onvif",
      `${place} answered ${what}, so it speaks no ONVIF there: switch ONVIF on in its own pages, or enter its port`,
    );
  }
}

function shapeOf(profile: Element, token: string): Omit<OnvifProfile, "imageUrl" | "videoUrl"> {
  const encoder = first(profile, "VideoEncoderConfiguration") ?? first(profile, "VideoEncoder");
  const codec = textAt(encoder, "Encoding");
  const pixels = (name: string) => Number(textAt(encoder, "Resolution", name));
  const [width, height] = [pixels("Width"), pixels("Height")];
  return {
    name: plain(profile.children.find(({ name }) => name === "Name")?.text ?? "") || plain(token),
    ...(codec === undefined ? {} : { codec: plain(codec) }),
    ...(width > 0 && height > 0 ? { width, height } : {}),
  };
}

const spanOf = (ms: number): string =>
  ms < 120_000
    ? `${Math.round(ms / 1000)} s`
    : ms < 172_800_000
      ? `${Math.round(ms / 60_000)} minutes`
      : `${Math.round(ms / 86_400_000)} days`;
