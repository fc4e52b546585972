// A dialog: what two parties keep between requests. RFC 3261 §12.
import { canonicalHost } from "../../ip.ts";
import { SipRequest, type SipMessage, type SipResponse } from "../message/message.ts";
import { parseNameAddr, type NameAddr } from "../message/headers.ts";
import { parseUri, splitOutside } from "../message/uri.ts";
import type { Way } from "../request/send.ts";
import type { Flow } from "../transport/flow.ts";

export interface DialogState {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** Our address as it stands in From, without the tag. */
  readonly local: string;
  readonly remote: string;
  readonly routeSet: readonly string[];
  readonly flow: Flow;
  /** Whether the peer itself is at the other end of the flow, so that its Contact need not be reachable. */
  readonly direct: boolean;
}

export class Dialog {
  readonly state: DialogState;
  /** The way that the peer's last request came by, where the one before it is closed. */
  flow: Flow;
  /** Where requests are addressed to: the peer's Contact; a re-INVITE may change it (§12.2.1.2). */
  remoteTarget: string;
  localSeq: number;
  #remoteSeq: number;
  /** Whence the peer's requests come, beside what its headers name. */
  readonly #hosts = new Set<string>();

  constructor(state: DialogState, remoteTarget: string, localSeq: number, remoteSeq: number) {
    this.state = state;
    this.flow = state.flow;
    this.#hosts.add(state.flow.remote.host);
    this.remoteTarget = remoteTarget;
    this.localSeq = localSeq;
    this.#remoteSeq = remoteSeq;
  }

  /** The dialog that a request to us begins (§12.1.1). */
  static ofServer(request: SipRequest, localTag: string, flow: Flow): Dialog {
    return new Dialog(
      {
        ...{ callId: request.callId, localTag, remoteTag: request.fromTag, flow },
        local: withoutTag(request.get("to")),
        remote: withoutTag(request.get("from")),
        routeSet: request.list("record-route"),
        direct: !request.several("via"),
      },
      request.contact?.uri ?? request.from?.uri ?? "",
      0,
      request.cseq?.number ?? 0,
    );
  }

  /** The dialog that a response to our INVITE begins (§12.1.2). */
  static ofClient(request: SipRequest, response: SipResponse, flow: Flow, direct: boolean): Dialog {
    return new Dialog(
      {
        ...{ callId: request.callId, localTag: request.fromTag, remoteTag: response.toTag, flow, direct },
        local: withoutTag(request.get("from")),
        remote: withoutTag(response.get("to")),
        routeSet: response.list("record-route").reverse(),
      },
      response.contact?.uri ?? request.uri,
      response.cseq?.number ?? 1,
      0,
    );
  }

  /** Goes on counting where the early dialog of the same two tags was (§12.1). */
  follow(early: Dialog): this {
    this.localSeq = Math.max(this.localSeq, early.localSeq);
    this.#remoteSeq = early.#remoteSeq;
    return this;
  }

  /** A request inside the dialog (§12.2.1.1). An ACK takes the number of its INVITE. */
  request(method: string, seq?: number): SipRequest {
    const { callId, localTag, remoteTag, local, remote, routeSet } = this.state;
    const first = this.#firstRoute;
    // A first route without "lr" is an old strict router: it wants to see itself in the request's address.
    const strict = first && !parseUri(first.uri)?.params.has("lr");
    const request = new SipRequest(method, strict ? first.uri : this.remoteTarget);
    const routes = strict ? [...routeSet.slice(1), `<${this.remoteTarget}>`] : routeSet;
    for (const route of routes) request.add("Route", route);
    request.add("Max-Forwards", "70");
    request.add("From", `${local};tag=${localTag}`);
    request.add("To", remoteTag ? `${remote};tag=${remoteTag}` : remote);
    request.add("Call-ID", callId);
    return request.add("CSeq", `${seq ?? ++this.localSeq} ${method}`);
  }

  get #firstRoute(): NameAddr | undefined {
    const [first] = this.state.routeSet;
    return first === undefined ? undefined : parseNameAddr(first);
  }

  /** Our address as the peer knows it. */
  get localUri(): string {
    return parseNameAddr(this.state.local)?.uri ?? "";
  }

  get way(): Way {
    const { flow } = this;
    const route = this.#firstRoute?.uri;
    return !flow.closed && (this.state.direct || route !== undefined) ? flow : (route ?? this.remoteTarget);
  }

  /** The peer's Contact and the proxies between. */
  get places(): readonly string[] {
    return [this.remoteTarget, ...this.state.routeSet.map((route) => parseNameAddr(route)?.uri ?? "")];
  }

  /**
   * Whether the machine at the other end of a flow is the peer, or a proxy between: whoever has seen the tags of a call is
   * not the one who talks in it. Ports do not count, which routers change.
   */
  isWith({ remote }: Flow): boolean {
    if (this.#hosts.has(remote.host)) return true;
    const from = canonicalHost(remote.host);
    return this.places.some((uri) => canonicalHost(parseUri(uri)?.host ?? "") === from);
  }

  /** The peer has shown that it is there. */
  proven({ remote }: Flow): void {
    this.#hosts.add(remote.host);
  }

  /** Whether a request of the peer comes in its order (§12.2.2); what came late is refused with 500. */
  accepts(request: SipMessage, flow: Flow): boolean {
    const seq = request.cseq?.number ?? 0;
    if (seq < this.#remoteSeq) return false;
    this.#remoteSeq = seq;
    // A peer whose connection broke comes back by another one, and may be reached by no other way.
    if (this.flow.closed) this.flow = flow;
    return true;
  }
}

// Only the header's own tag: a name in quotes and a URI in angle brackets may hold the same letters.
function withoutTag(value = ""): string {
  const tag = value.indexOf(";tag=");
  // As it nearly always stands: the last of the header's parameters.
  if (tag > value.lastIndexOf(">") && value.lastIndexOf(";") === tag && !value.includes('"'))
    return value.slice(0, tag);
  return splitOutside(value, ";")
    .filter((part, index) => index === 0 || !/^\s*tag\s*(=|$)/i.test(part))
    .join(";");
}
