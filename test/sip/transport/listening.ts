// One listener of connections on loopback with what came out of it, for the tests of transports.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { systemClock, type Clock } from "../../../src/clock.ts";
import type { PorteroError } from "../../../src/errors.ts";
import type { SipMessage } from "../../../src/sip/message/message.ts";
import type { Flow, Inbound, ListenerOptions } from "../../../src/sip/transport/flow.ts";
import { ConnectionTransport } from "../../../src/sip/transport/listener.ts";

/** An OPTIONS as text. */
export const options = (callId: string, transport = "TCP"): string =>
  [
    "OPTIONS sip:a@b SIP/2.0",
    `Via: SIP/2.0/${transport} 127.0.0.1;branch=z9hG4bK1`,
    "From: <sip:x@y>;tag=a",
    "To: <sip:a@b>",
    `Call-ID: ${callId}`,
    "CSeq: 1 OPTIONS",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");

export interface Listening {
  transport: ConnectionTransport;
  port: number;
  messages: { message: SipMessage; flow: Flow }[];
  faults: string[];
  closed: Flow[];
  troubles: PorteroError[];
  /** Everything that `seen` was told, as "in OPTIONS sip:a@b SIP/2.0". */
  seen: string[];
  /** Resolves when the next message, fault, trouble or end of a connection has come. */
  next: () => Promise<void>;
  /** A TCP connection to it. */
  client: () => Promise<Socket>;
}

export async function listening(
  t: TestContext,
  wish: Partial<ListenerOptions> & { clock?: Clock; admits?: Inbound["admits"]; proven?: Inbound["proven"] } = {},
): Promise<Listening> {
  const { clock = systemClock, admits, proven, ...listener } = wish;
  let wake = () => {};
  const found: Omit<Listening, "transport" | "port" | "client" | "next"> = {
    ...{ messages: [], faults: [], closed: [], troubles: [], seen: [] },
  };
  const inbound: Inbound = {
    ...(admits && { admits }),
    ...(proven && { proven }),
    seen: (direction, data) => {
      found.seen.push(`${direction} ${data.toString().split("\r\n")[0] ?? ""}`);
    },
    message: (message, flow) => {
      found.messages.push({ message, flow });
      wake();
    },
    malformed: (fault) => {
      found.faults.push(fault);
      wake();
    },
    closed: (flow) => {
      found.closed.push(flow);
      wake();
    },
    trouble: (error) => {
      found.troubles.push(error);
      wake();
    },
  };
  const place = { transport: "tcp", address: "127.0.0.1", port: 0, ...listener } as ListenerOptions;
  const transport = await ConnectionTransport.listen(place, inbound, () => "127.0.0.1", clock);
  t.after(() => transport.close());
  const port = transport.address?.port ?? 0;
  const client = async () => {
    const socket = connect(port, "127.0.0.1");
    t.after(() => void socket.destroy());
    socket.on("error", () => {});
    await once(socket, "connect");
    return socket;
  };
  return { ...found, transport, port, client, next: () => new Promise<void>((resolve) => (wake = resolve)) };
}
