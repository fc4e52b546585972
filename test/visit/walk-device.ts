// A device of a random walk: several calls at once, each of which it may take, refuse, hold, transfer, or forget about. What
// a device answers by itself (ACK, 487, 200 to a BYE) it answers, unless it is told to be deaf.
import { parseChallenges } from "../../src/digest.ts";
import { SipRequest, SipResponse } from "../../src/sip/message/message.ts";
import type { Random } from "../sip/random.ts";
import { Party } from "../sip/party.ts";
import { Connection, type Network } from "../sip/network.ts";

/** One call of a device. `leaving`: it has hung up, and that is not confirmed yet. */
export interface WalkCall {
  readonly id: string;
  readonly incoming: boolean;
  /** The last INVITE: its own, or the one to be answered. */
  invite: SipRequest;
  state: "asked" | "ringing" | "talking" | "leaving" | "over";
  readonly mine: string;
  theirs: string;
  seq: number;
  /** Something came for its INVITE. */
  heard?: boolean;
  /** An offer in the call that waits for its answer. */
  offered?: SipRequest;
}

/** Connects anew when its connection has gone. */
class WalkParty extends Party {
  override send(message: SipRequest | SipResponse): void {
    if (this.flow.closed || (this.flow instanceof Connection && !this.flow.other))
      this.flow = this.place.to({ host: "10.0.0.1", port: 5060 });
    super.send(message);
  }
}

export class WalkDevice {
  readonly party: Party;
  readonly user: string;
  /** While it is on, nothing of what comes is answered; it is dealt with afterwards. */
  deaf = false;
  readonly #random: Random;
  readonly #calls = new Map<string, WalkCall>();
  readonly #answers = new Map<string, SipResponse>();
  /** As a server: what it says to who registers, and who that was; nothing at all with 0. */
  registrar = 200;
  account: string | undefined;
  readonly #heard: (digit: string) => void;
  #expires = 0;
  #seq = 0;

  constructor(
    network: Network,
    random: Random,
    user: string,
    host: string,
    transport: "UDP" | "TCP",
    heard: (digit: string) => void = () => {},
  ) {
    this.party = new WalkParty(network, { host, user, transport });
    [this.user, this.#random, this.#heard] = [user, random, heard];
  }

  /** Its power goes, and comes back: it knows nothing of its calls. */
  restart(): void {
    this.#calls.clear();
    this.#answers.clear();
    this.party.inbox.length = 0;
  }

  /** Its connection breaks. */
  cut(): void {
    if (this.party.flow instanceof Connection) this.party.flow.cut();
  }

  readonly calls = (...states: WalkCall["state"][]): WalkCall[] =>
    [...this.#calls.values()].filter(({ state }) => states.includes(state));

  /** Deals with all that has come. */
  listen(): void {
    if (this.deaf) return;
    this.party.heard.length = 0;
    for (const message of this.party.inbox.splice(0))
      if (message instanceof SipRequest) this.#asked(message);
      else this.#told(message);
    if (this.#answers.size > 200) this.#answers.clear();
    for (const [id, { state }] of this.#calls) if (state === "over") this.#calls.delete(id);
  }

  register(expires: number): void {
    this.#expires = expires;
    const callId = `register-${this.party.host}`;
    const headers = { Expires: String(expires) };
    this.party.send(
      this.party.request("REGISTER", { callId, headers, seq: (this.#seq += 2), fromTag: `r${this.#seq}` }),
    );
  }

  dial(number: string, body: string | undefined): void {
    const seq = (this.#seq += 2);
    const id = `${this.party.host}-${seq}`;
    const invite = this.party.request("INVITE", {
      ...{ to: number, callId: id, seq, fromTag: "ft" },
      ...(body !== undefined && { body: ["application/sdp", body] as const }),
    });
    this.#calls.set(id, { id, incoming: false, invite, state: "asked", mine: "ft", theirs: "", seq: 100 });
    this.party.send(invite);
  }

  /** Answers a call that has come, or an offer in one. */
  answer(call: WalkCall, status: number, sdp?: string, contact?: string): void {
    const headers: [string, string][] = contact === undefined ? [] : [["Contact", `<sip:${contact}@10.0.0.1>`]];
    const invite = call.offered ?? call.invite;
    this.#respond(invite, status, { tag: call.mine, headers, ...(sdp !== undefined && { sdp }) });
    if (call.offered) {
      if (status >= 200) delete call.offered;
      return;
    }
    call.state = status < 200 ? "ringing" : status < 300 ? "talking" : "over";
  }

  /** Hangs up, in whatever state. */
  leave(call: WalkCall): void {
    const { party } = this;
    if (call.state === "talking" || (call.state === "leaving" && call.theirs !== "")) {
      this.send(call, "BYE");
      call.state = "leaving";
    } else if (call.incoming) this.answer(call, 486);
    else {
      // RFC 3261 §9.1: not before it has heard of us; until then it asks again.
      if (call.heard) this.#cancel(call);
      else party.send(call.invite);
      call.state = "leaving";
    }
  }

  #cancel({ id: callId, invite }: WalkCall): void {
    const to = /sip:([^@]*)@/.exec(invite.uri)?.[1] ?? "";
    const via = invite.get("via") ?? "";
    this.party.send(this.party.request("CANCEL", { to, callId, via, seq: invite.cseq?.number ?? 0 }));
  }

  /** A request in a call. */
  send(call: WalkCall, method: string, body?: readonly [string, string], headers: Record<string, string> = {}): void {
    const { id: callId, mine: fromTag, theirs: toTag } = call;
    const seq = ++call.seq;
    this.party.send(
      this.party.request(method, { to: "8000", callId, fromTag, toTag, seq, headers, ...(body && { body }) }),
    );
  }

  /** For its REFER to a number with another call of its own (an attended transfer). */
  replaces({ id, theirs, mine }: WalkCall): string {
    return encodeURIComponent(`${id};to-tag=${theirs};from-tag=${mine}`);
  }

  #respond(request: SipRequest, status: number, extra: Parameters<Party["respond"]>[2] = {}): void {
    const response = this.party.respond(request, status, extra);
    if (status >= 200) this.#answers.set(request.get("via") ?? "", response);
  }

  #asked(request: SipRequest): void {
    const { method, callId } = request;
    const before = method === "ACK" || method === "CANCEL" ? undefined : this.#answers.get(request.get("via") ?? "");
    if (before) return this.party.send(before);
    const call = this.#calls.get(callId);
    if (method === "INVITE") return this.#invited(request, call);
    if (method === "ACK") return;
    if (method === "REGISTER") return this.#registered(request);
    if (method === "INFO") this.#heard(/Signal=\s*(\S)/.exec(request.body.toString())?.[1] ?? "");
    if (method === "BYE" && call) call.state = "over";
    const isLost = !call && request.toTag !== "" && method !== "CANCEL";
    this.#respond(request, isLost ? 481 : 200);
    if (method === "CANCEL" && call?.incoming && ["asked", "ringing"].includes(call.state)) this.answer(call, 487);
  }

  #registered(request: SipRequest): void {
    if (this.registrar === 0) return;
    const contact = request.get("contact") ?? "";
    this.account = /sip:([^@]*)@/.exec(contact)?.[1];
    this.#respond(request, this.registrar, { headers: [["Contact", `${contact};expires=60`]] });
  }

  #invited(invite: SipRequest, call: WalkCall | undefined): void {
    if (!call && invite.toTag !== "") this.#respond(invite, 481);
    else if (!call) {
      const mine = `t${this.#random.below(1e9)}`;
      const { callId: id, fromTag: theirs } = invite;
      this.#calls.set(id, { id, incoming: true, invite, state: "asked", mine, theirs, seq: 500 });
    } else if (call.state === "talking") call.offered = invite;
    else if (call.state === "leaving" || call.state === "over") this.#respond(invite, 481);
  }

  #told(response: SipResponse): void {
    const { status, callId } = response;
    const method = response.cseq?.method;
    const call = this.#calls.get(callId);
    if (method === "REGISTER" && status === 401) {
      const seq = response.cseq?.number ?? 0;
      const headers = { Expires: String(this.#expires) };
      const fromTag = response.fromTag;
      const again = this.party.request("REGISTER", { callId, headers, seq, fromTag });
      if (parseChallenges(response.all("www-authenticate")).length > 0)
        this.party.send(this.party.answerTo(response, again, `pw${this.user}`));
    }
    if (method === "BYE" && call && status >= 200) call.state = "over";
    if (method !== "INVITE") return;
    const isOurs = call && !call.incoming && response.cseq?.number === call.invite.cseq?.number;
    if (status < 200) {
      if (!isOurs) return;
      if (call.state === "leaving" && !call.heard) this.#cancel(call);
      call.heard = true;
      if (call.state === "asked" && status > 100) call.state = "ringing";
      return;
    }
    const asked = isOurs ? call.invite : this.party.request("INVITE", { callId, seq: response.cseq?.number ?? 0 });
    if (!isOurs) asked.set("From", response.get("from") ?? "").set("Via", response.get("via") ?? "");
    this.party.ack(asked, response);
    if (!isOurs) {
      // A call that it knows nothing of any more.
      if (status < 300 && !call)
        this.party.send(
          this.party.request("BYE", { to: "8000", callId, fromTag: response.fromTag, toTag: response.toTag, seq: 900 }),
        );
      return;
    }
    if (call.state === "over") return;
    if (status === 401 && call.state === "asked") {
      call.invite = this.party.answerTo(response, call.invite, `pw${this.user}`);
      this.party.send(call.invite);
    } else if (status < 300) {
      call.theirs = response.toTag;
      if (call.state === "leaving") this.leave(call);
      else call.state = "talking";
    } else call.state = "over";
  }
}
