// A switchboard on the network in memory and on a clock that tests move, with a door, 8000, and phones that do what a test
// tells them: for what simulated devices do not do (holds, transfers).
import assert from "node:assert/strict";
import { once } from "node:events";
import type { DoorSettings } from "../../src/door/door.ts";
import { Secret } from "../../src/secret.ts";
import type { Dns } from "../../src/sip/resolve/dns.ts";
import type { SipRequest, SipResponse } from "../../src/sip/message/message.ts";
import type { CallSettings } from "../../src/sip/dialog/settings.ts";
import type { VisitEnd, VisitEvent } from "../../src/visit/messages.ts";
import type { DeviceOptions } from "../../src/visit/numbers/devices.ts";
import type { DirectSettings } from "../../src/visit/numbers/outside.ts";
import { Switchboard, type TextView } from "../../src/visit/switchboard.ts";
import { FakeClock } from "../support/clock.ts";
import { shareMediaThread } from "../support/media-thread.ts";
import { Network } from "../sip/network.ts";
import { Party, type Wish } from "../sip/party.ts";
import { quickHash } from "../door/quick-hash.ts";

export interface Media {
  readonly address?: string;
  readonly port?: number;
  readonly direction?: string;
  readonly codecs?: string;
  /** The number of its telephone events. */
  readonly keys?: number;
  readonly video?: boolean;
  readonly videoPort?: number;
  readonly protocol?: "RTP/AVP" | "RTP/SAVP";
  /** What stands behind `a=crypto:`. */
  readonly crypto?: string;
}

/** What a device describes: PCMA on 10.0.0.9. */
export function sound(media: Media = {}): string {
  const {
    port = 4000,
    direction = "sendrecv",
    codecs = "8",
    video = false,
    videoPort = 4100,
    protocol = "RTP/AVP",
    crypto,
  } = media;
  const { address = "10.0.0.9", keys } = media;
  const lines = [
    ...["v=0", "o=x 1 1 IN IP4 10.0.0.9", "s=-", `c=IN IP4 ${address}`, "t=0 0"],
    ...[`m=audio ${port} ${protocol} ${codecs}${keys === undefined ? "" : ` ${keys}`}`, `a=${direction}`],
    ...(keys === undefined ? [] : [`a=rtpmap:${keys} telephone-event/8000`]),
    ...(crypto === undefined ? [] : [`a=crypto:${crypto}`]),
  ];
  if (codecs === "9") lines.push("a=rtpmap:9 G722/8000");
  if (codecs.startsWith("96")) lines.push("a=rtpmap:96 opus/48000/2");
  if (video)
    lines.push(
      ...[`m=video ${videoPort} RTP/AVP 99`, "a=rtpmap:99 H264/90000", "a=fmtp:99 packetization-mode=1", "a=sendonly"],
    );
  return lines.join("\r\n") + "\r\n";
}

/** The direction of the sound that a body describes. */
export const directionOf = (message: SipRequest | SipResponse): string =>
  /a=(sendrecv|sendonly|recvonly|inactive)/.exec(message.body.toString())?.[1] ?? "sendrecv";

/** One device and the one call it is in. */
export class Device {
  readonly party: Party;
  readonly password: string;
  callId = "";
  #seq = 10;
  #mine = "ft";
  #theirs = "";
  #number = "";

  constructor(party: Party, password: string) {
    this.party = party;
    this.password = password;
  }

  /** Calls a number; the answer is in the party's inbox when it comes. */
  async dial(number: string, wish: Wish = {}, media: Media = {}): Promise<SipRequest> {
    this.callId = `${this.party.host}-${number}-${++this.#seq}`;
    this.#mine = "ft";
    this.#number = number;
    return this.party.authenticated("INVITE", this.password, {
      ...{ to: number, callId: this.callId, body: ["application/sdp", sound(media)] as const },
      ...wish,
    });
  }

  async answered(invite: SipRequest): Promise<SipResponse> {
    const ok = await this.party.takeResponse(200);
    this.#theirs = ok.toTag;
    this.party.ack(invite, ok);
    await this.party.settle();
    return ok;
  }

  /** Rings and picks up. */
  async pickUp(media: Media = {}, tag = "tt"): Promise<SipRequest> {
    const invite = await this.party.takeRequest("INVITE");
    this.party.respond(invite, 180, { tag });
    this.party.respond(invite, 200, { tag, sdp: sound(media) });
    await this.party.takeRequest("ACK");
    this.callId = invite.callId;
    this.#mine = tag;
    this.#theirs = invite.fromTag;
    this.#number = "8000";
    return invite;
  }

  /** The tags of its call, for a Replaces that it writes. */
  get named(): string {
    return encodeURIComponent(`${this.callId};to-tag=${this.#theirs};from-tag=${this.#mine}`);
  }

  request(method: string, wish: Wish = {}): SipRequest {
    const { callId } = this;
    const inside = { to: this.#number, callId, fromTag: this.#mine, toTag: this.#theirs, seq: ++this.#seq };
    return this.party.request(method, { ...inside, ...wish });
  }

  async send(method: string, wish: Wish = {}): Promise<SipRequest> {
    const request = this.request(method, wish);
    this.party.send(request);
    await this.party.settle();
    return request;
  }

  /** By INFO, one after the other. */
  async press(keys: string): Promise<void> {
    for (const key of keys) {
      await this.send("INFO", { body: ["application/dtmf", key] });
      await this.party.takeResponse(200);
    }
  }

  /** Offers something else; gives our answer. */
  async reoffer(media: Media): Promise<SipResponse> {
    const invite = await this.send("INVITE", { body: ["application/sdp", sound(media)] });
    const answer = await this.party.takeResponse(200);
    this.party.ack(invite, answer);
    await this.party.settle();
    return answer;
  }

  /** Takes an offer of ours in the call; gives it. */
  async accept(media: Media = {}): Promise<SipRequest> {
    const invite = await this.party.takeRequest("INVITE");
    this.party.respond(invite, 200, { sdp: sound(media) });
    await this.party.takeRequest("ACK");
    return invite;
  }

  refer(to: string, headers: Record<string, string> = {}): Promise<SipRequest> {
    return this.send("REFER", { headers: { "Refer-To": to, ...headers } });
  }

  /** The next report on a transfer. */
  async report(): Promise<string> {
    const notify = await this.party.takeRequest("NOTIFY");
    this.party.respond(notify, 200);
    await this.party.settle();
    return notify.body.toString().trim();
  }

  async hungUp(): Promise<SipRequest> {
    const bye = await this.party.takeRequest("BYE");
    this.party.respond(bye, 200);
    await this.party.settle();
    return bye;
  }
}

export class Desk {
  readonly clock = new FakeClock();
  readonly network = new Network(this.clock);
  readonly events: VisitEvent[] = [];
  readonly texts: TextView[] = [];
  readonly logged: string[] = [];
  readonly switchboard: Switchboard;
  /** Takes the door away, as a deploy does. */
  leaveDoor = (): void => {};
  #next = 20;

  private constructor(calls: Partial<CallSettings>, direct: DirectSettings, dns?: Dns) {
    const log = (text: string) => void this.logged.push(text);
    const sip = {
      listeners: [{ transport: "udp" as const, address: "10.0.0.1", port: 5060 }],
      ...{ listen: this.network.listen, random: () => 0.5, calls, ...(dns && { dns }) },
    };
    this.switchboard = new Switchboard({
      ...{ sip, media: { bind: "127.0.0.1", ports: [0, 0], spawn: shareMediaThread }, clock: this.clock },
      // Addresses may not be called: that there is a way out of the house is for the tests of it.
      direct,
      codes: { hash: quickHash },
      log: { debug: log, info: log, warn: log, error: log },
    });
    this.switchboard.on("visit", (event) => this.events.push(event));
  }

  static async open(
    calls: Partial<CallSettings> = {},
    door: Pick<DoorSettings, "answererDigits"> & DeviceOptions = {},
    more: Partial<DoorSettings> = {},
    direct: DirectSettings = { calls: false },
    dns?: Dns,
  ): Promise<Desk> {
    const { answererDigits, ...device } = door;
    const desk = new Desk(calls, direct, dns);
    const { switchboard } = desk;
    await switchboard.start();
    // From now on ports are ready: a session opens in the turn that asks for it.
    await (await switchboard.media.open()).close();
    desk.leaveDoor = switchboard.addDoor(
      {
        ...{ id: "front", name: "Front door", extension: "8000", preset: "generic" },
        ...{ password: new Secret("pw8000"), code: new Secret("1") },
        ...(answererDigits && { answererDigits }),
        ...more,
      },
      "door Front door",
      device,
    );
    return desk;
  }

  device(user: string): Device {
    return new Device(new Party(this.network, { host: `10.0.0.${this.#next++}`, user }), `pw${user}`);
  }

  /** A number that nobody is registered for yet. */
  addNumber(extension: string, options: DeviceOptions = {}): void {
    if (this.switchboard.contactsOf(extension)) return;
    this.switchboard.addExtension(
      { extension, name: extension, password: new Secret(`pw${extension}`), ...options },
      extension,
    );
  }

  async phone(user: string, options: DeviceOptions = {}): Promise<Device> {
    this.addNumber(user, options);
    const phone = this.device(user);
    await phone.party.register(phone.password, { expires: 7200 });
    return phone;
  }

  /** A bell that talks with 6001, in the codec that this one takes. */
  async talking(media: Media = {}, codecs?: string) {
    const phone = await this.phone("6001");
    const bell = this.device("8000");
    const invite = await bell.dial("6001", {}, media);
    const visit = this.switchboard.lastVisit("front");
    assert.ok(visit);
    void visit.answerBy(async (ringing) => {
      await ringing.ring(["6001"], 60);
      return { result: "answered", tries: 1, parties: [] };
    });
    await phone.pickUp({ ...(media.video && { video: true }), ...(codecs && { codecs }) });
    const answer = await bell.answered(invite);
    assert.equal(visit.state, "talking");
    return { bell, phone, visit, answer };
  }

  /** Two phones that talk, the first having called. */
  async intercom(from: Device, to: Device, tag = "t2"): Promise<void> {
    const invite = await from.dial(to.party.user);
    await to.pickUp({}, tag);
    await from.answered(invite);
  }

  told(name: VisitEvent["event"]): unknown[] {
    return this.events.filter(({ event }) => event === name).map(({ payload }) => payload);
  }

  /** How the visit ended: with the figures of its media, which is why it takes a moment. */
  async ended(): Promise<VisitEnd> {
    while (this.told("ended").length === 0) await once(this.switchboard, "visit");
    const [end, ...more] = this.told("ended") as VisitEnd[];
    assert.deepEqual(more, []);
    return end ?? assert.fail();
  }

  close(): Promise<void> {
    return this.switchboard.close();
  }
}
