// Which ONVIF devices are on this machine's networks: WS-Discovery 1.0 over UDP, as ONVIF Core §7 has it. One question for
// each network card, asked twice since UDP loses it, and a few seconds for the answers.
import { randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { systemClock, type Clock } from "../../clock.ts";
import { tryAgain } from "../../errors.ts";
import { decoded } from "../../quoted.ts";
import { plain } from "./soap.ts";
import { all, readXml, textAt } from "./xml.ts";

export interface FoundCamera {
  /** Where it answers: `http://192.0.2.7/onvif/device_service`. */
  readonly url: string;
  readonly address: string;
  /** As it calls itself, mostly its maker; may be empty. */
  readonly name: string;
  /** May be empty. */
  readonly model: string;
}

/** A socket that asks, and tells each answer with the address it came from. */
export interface Asker {
  ask(datagram: Buffer): void;
  close(): void;
}

export type OpenAsker = (card: string, answered: (datagram: Buffer, from: string) => void, failed: () => void) => Asker;

export interface DiscoveryOptions {
  readonly clock?: Clock;
  readonly open?: OpenAsker;
  /** The IPv4 addresses of this machine to ask from. */
  readonly cards?: readonly string[];
  /** 3,000 by default. */
  readonly waitMs?: number;
  /** It ends early with so many; 100 by default. */
  readonly most?: number;
  readonly signal?: AbortSignal;
}

const group = { address: "239.255.255.250", port: 3702 };
const againMs = 500;
// Whatever a network sends us meanwhile, so much of it is read.
const mostDatagrams = 2_000;

/** Asks from one card, by multicast. */
export const multicast =
  (target: { readonly address: string; readonly port: number } = group): OpenAsker =>
  (card, answered, failed) => {
    const socket = createSocket("udp4");
    let isOpen = false;
    const waiting: Buffer[] = [];
    const send = (datagram: Buffer) => socket.send(datagram, target.port, target.address, () => {});
    socket.on("error", failed);
    socket.on("message", (datagram, { address }) => answered(datagram, address));
    socket.bind(0, card, () => {
      try {
        socket.setMulticastInterface(card);
        isOpen = true;
        waiting.forEach(send);
      } catch {
        failed();
      }
    });
    return {
      ask: (datagram) => {
        if (isOpen) send(datagram);
        else waiting.push(datagram);
      },
      close: () => socket.close(),
    };
  };

const ownCards = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);

// Cameras are transmitters; door stations and newer devices answer to the second only.
const types = [
  `<d:Types xmlns:n="http://www.onvif.org/ver10/network/wsdl">n:NetworkVideoTransmitter</d:Types>`,
  `<d:Types xmlns:n="http://www.onvif.org/ver10/device/wsdl">n:Device</d:Types>`,
];

const probe = (id: string, type: string): Buffer =>
  Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" ` +
      `xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">` +
      `<s:Header><a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>` +
      `<a:MessageID>uuid:${id}</a:MessageID>` +
      `<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>` +
      `<s:Body><d:Probe>${type}</d:Probe></s:Body></s:Envelope>`,
  );

/** Each device once, in the order of their addresses. Rejects with `no-network` where there is nothing to ask from. */
export async function discover(options: DiscoveryOptions = {}): Promise<FoundCamera[]> {
  const { clock = systemClock, open = multicast(), cards = ownCards(), waitMs = 3_000, most = 100, signal } = options;
  const ids = types.map(() => randomUUID());
  const probes = types.map((type, index) => probe(ids[index] ?? "", type));
  const found = new Map<string, FoundCamera>();
  const askers = new Set<Asker>();
  const enough = new AbortController();
  let datagrams = 0;
  const answered = (datagram: Buffer, from: string) => {
    if (++datagrams > mostDatagrams) enough.abort();
    if (enough.signal.aborted) return;
    for (const camera of readMatches(datagram, from, ids)) found.set(camera.url, camera);
    if (found.size >= most) enough.abort();
  };
  for (const card of cards) {
    const asker: Asker = open(card, answered, () => {
      // A card that cannot multicast leaves the others to answer.
      if (askers.delete(asker)) asker.close();
      if (askers.size === 0) enough.abort();
    });
    askers.add(asker);
  }
  if (askers.size === 0) {
    throw tryAgain("no-network", "This machine has no network to look for cameras in: enter the camera's address");
  }
  const ask = () => probes.forEach((datagram) => askers.forEach((asker) => asker.ask(datagram)));
  const ended = AbortSignal.any([enough.signal, ...(signal ? [signal] : [])]);
  ask();
  const again = clock.after(againMs, ask);
  await clock.sleep(waitMs, ended);
  again();
  for (const asker of askers) asker.close();
  askers.clear();
  return [...found.values()].slice(0, most).sort((a, b) => a.address.localeCompare(b.address, "en", { numeric: true }));
}

/** The devices of one datagram. What is none of an ONVIF device, or answers somebody else's question, is nothing. */
export function readMatches(datagram: Buffer, from: string, ids: readonly string[]): FoundCamera[] {
  const root = readXml(datagram.toString("utf8"));
  if (!root) return [];
  const asked = textAt(root, "RelatesTo");
  if (asked !== undefined && !ids.some((id) => asked.toLowerCase().endsWith(id))) return [];
  return all(root, "ProbeMatch").flatMap((match) => {
    const scopes = (textAt(match, "Scopes") ?? "").split(/\s+/);
    const isOnvif = /NetworkVideoTransmitter|:Device\b/.test(textAt(match, "Types") ?? "");
    if (!isOnvif && !scopes.some((scope) => scope.startsWith("onvif://"))) return [];
    const url = addressOf((textAt(match, "XAddrs") ?? "").split(/\s+/), from);
    const scope = (kind: string) => {
      const begin = `onvif://www.onvif.org/${kind}/`;
      const value = scopes.find((one) => one.toLowerCase().startsWith(begin));
      return plain(decoded(value?.slice(begin.length) ?? ""));
    };
    return [{ url, address: new URL(url).host, name: scope("name"), model: scope("hardware") }];
  });
}

/**
 * Of the addresses that a device says it has, that which has answered, http before https (whose certificate is nearly always its
 * own). A device that names only others, such as one behind a router, is asked where it answered from.
 */
function addressOf(said: readonly string[], from: string): string {
  const urls = said.filter((one) => URL.canParse(one)).map((one) => new URL(one));
  const web = urls.filter(({ protocol }) => ["http:", "https:"].includes(protocol));
  const here = web.filter(({ hostname }) => hostname === from);
  const right = here.find(({ protocol }) => protocol === "http:") ?? here[0];
  const url = new URL((right ?? web[0])?.href ?? `http://${from}/onvif/device_service`);
  [url.hostname, url.username, url.password] = [from, "", ""];
  return url.href;
}
