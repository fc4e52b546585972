// The way to one rtpengine: where it listens, and a UDP socket that is connected to it.
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { giveUp, sentence } from "../../errors.ts";

/** Where an rtpengine listens for the ng protocol; the host may be a name. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface Wire {
  send(data: Buffer): void;
  close(): void;
}

export interface WireEvents {
  received(data: Buffer): void;
  /** Nobody listens there: the machine has said so, or there is no such machine. */
  refused(why: string): void;
}

export type Dial = (address: ServerAddress, events: WireEvents) => Wire;

/** Where Debian's package listens, and most examples. */
const usualPort = 2223;

/**
 * The address in a setting: a host, or host and port.
 * @throws PorteroError `invalid`
 */
export function parseServer(text: string): ServerAddress {
  const read = readAddress(text, usualPort);
  if (read) return read;
  throw notAnAddress("rtpengine", text, "a host and the port of its ng protocol, such as 127.0.0.1:2223");
}

/**
 * Where digits are to come in, as `parseServer`; the port has to be there.
 * @throws PorteroError `invalid`
 */
export function parseDigits(text: string): ServerAddress {
  const read = readAddress(text, 0);
  if (read && read.port > 0) return read;
  throw notAnAddress("rtpengineDigits", text, "an address of this machine and a port, such as 127.0.0.1:2224");
}

function readAddress(text: string, usual: number): ServerAddress | undefined {
  if (isIPv6(text)) return { host: text, port: usual };
  const [, six, host = six, written] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const port = written === undefined ? usual : Number(written);
  const right = host !== undefined && (six === undefined || isIPv6(six)) && port < 65_536;
  return right && (port > 0 || written === undefined) ? { host, port } : undefined;
}

const notAnAddress = (field: string, text: string, example: string) =>
  giveUp("invalid", `${field}: "${text.slice(0, 60)}" is no address: write ${example}`, { data: { field } });

/** A UDP socket of its own for each server: so the system tells when nobody listens there. */
export const dialUdp: Dial = ({ host, port }, events) => {
  const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4" });
  /** What was sent before its name was known. */
  const early: Buffer[] = [];
  let state: "connecting" | "connected" | "closed" = "connecting";
  const failed = (error: NodeJS.ErrnoException | null) => {
    if (!error || state === "closed") return;
    // Other troubles, such as a network that is away for a moment, are those of one datagram.
    if (state === "connecting" || error.code === "ECONNREFUSED")
      events.refused(error.code === "ECONNREFUSED" ? "nobody listens there" : sentence(error));
  };
  const send = (data: Buffer) => {
    socket.send(data, failed);
  };
  socket.on("error", failed);
  socket.on("message", (data) => events.received(data));
  socket.on("connect", () => {
    if (state === "connecting") state = "connected";
    for (const data of early.splice(0)) send(data);
  });
  socket.connect(port, host);
  return {
    send: (data) => {
      if (state === "connected") send(data);
      else early.push(data);
    },
    close: () => {
      state = "closed";
      socket.close();
    },
  };
};
