// What the tests of transactions share: a flow that only notes what is sent, and messages.
import { tryAgain, type PorteroError } from "../../../src/errors.ts";
import { SipRequest, SipResponse } from "../../../src/sip/message/message.ts";
import { parseMessage } from "../../../src/sip/message/parse.ts";
import { replyTo } from "../../../src/sip/message/reply.ts";
import type { ClientHandlers } from "../../../src/sip/transaction/client.ts";
import { TransactionLayer } from "../../../src/sip/transaction/layer.ts";
import type { ServerTransaction } from "../../../src/sip/transaction/server.ts";
import type { Flow, TransportName } from "../../../src/sip/transport/flow.ts";
import { FakeClock } from "../../support/clock.ts";

export class NotedFlow implements Flow {
  readonly transport: TransportName;
  readonly reliable: boolean;
  readonly remote = { host: "10.0.0.2", port: 5060 };
  readonly sentBy = { host: "10.0.0.1", port: 5060 };
  readonly closed = false;
  /** What was sent and when, in milliseconds after the flow was made. */
  readonly sent: { at: number; text: string; message: SipRequest | SipResponse }[] = [];
  readonly #clock: FakeClock;
  readonly #began: number;
  #failed: ((error: PorteroError) => void) | undefined;

  constructor(clock: FakeClock, transport: TransportName) {
    this.#clock = clock;
    this.#began = clock.now();
    this.transport = transport;
    this.reliable = transport === "TCP";
  }

  ping(): void {}

  drop(): void {}

  reach(): Flow {
    return this;
  }

  send(data: Buffer, failed?: (error: PorteroError) => void): void {
    const { message } = parseMessage(data);
    if (!message) throw new Error(`no message was sent, but ${data.toString()}`);
    this.sent.push({ at: this.#clock.now() - this.#began, text: data.toString(), message });
    this.#failed = failed;
  }

  /** What the transport says when the last message could not leave. */
  fail(): void {
    this.#failed?.(tryAgain("unreachable", "10.0.0.2:5060 cannot be reached"));
  }

  /** When messages with this method or status went out. */
  times(what: string | number): number[] {
    return this.sent
      .filter(({ message }) => (message instanceof SipRequest ? message.method : message.status) === what)
      .map(({ at }) => at);
  }
}

export interface Bench {
  clock: FakeClock;
  flow: NotedFlow;
  layer: TransactionLayer;
  /** Requests that reached the transaction user, and ACKs that belong to no transaction. */
  requests: { request: SipRequest; transaction: ServerTransaction }[];
  acks: SipRequest[];
  /** What a client transaction told its user. */
  told: (number | string)[];
  handlers: ClientHandlers;
}

export function bench(transport: TransportName): Bench {
  const clock = new FakeClock();
  const flow = new NotedFlow(clock, transport);
  const requests: Bench["requests"] = [];
  const acks: SipRequest[] = [];
  const told: Bench["told"] = [];
  const layer = new TransactionLayer(clock, {
    request: (request, transaction) => requests.push({ request, transaction }),
    stray: (_cancel, transaction) => transaction.respond(transaction.reply(481)),
    ack: (ack) => acks.push(ack),
    flowTo: (from) => from,
  });
  const handlers: ClientHandlers = {
    response: ({ status }) => told.push(status),
    failed: ({ code }) => told.push(code),
  };
  return { clock, flow, layer, requests, acks, told, handlers };
}

/** A request without Via, for a client to send. */
export function outgoing(method: string): SipRequest {
  const request = new SipRequest(method, "sip:6001@10.0.0.2");
  request.add("Max-Forwards", "70").add("From", "<sip:8000@10.0.0.1>;tag=f").add("To", "<sip:6001@10.0.0.2>");
  return request.add("Call-ID", "c1").add("CSeq", `1 ${method}`);
}

/** A request as a peer sends it. */
export function incoming(
  method: string,
  branch = "z9hG4bKpeer",
  marks: { toTag?: string; seq?: number } = {},
): SipRequest {
  const request = new SipRequest(method, "sip:777@10.0.0.1");
  request.add("Via", `SIP/2.0/UDP 10.0.0.2:5060${branch && `;branch=${branch}`}`);
  request.add("From", "<sip:8000@10.0.0.1>;tag=f");
  request.add("To", "<sip:777@10.0.0.1>" + (marks.toTag ? `;tag=${marks.toTag}` : ""));
  return request.add("Call-ID", "c1").add("CSeq", `${marks.seq ?? 1} ${method}`);
}

/** A peer's response to a request that we sent. */
export const response = (request: SipRequest, status: number): SipResponse => replyTo(request, status, "peer");
