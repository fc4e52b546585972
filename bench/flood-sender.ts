// The sender of a flood, a program of its own: `flood-sender.ts {"port":…,"perSecond":…,"seconds":…}` sends what strangers send to a
// SIP port on 127.0.0.1, from 127.0.0.2 and from addresses all over 127/8 that it writes on its datagrams, and prints what it sent
// and what came back. A fifth each: REGISTER with a wrong answer, INVITE without one, rubbish, forged INVITE, forged OPTIONS; and
// beside it connections that say nothing.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { authorize, parseChallenges, type Challenge } from "../src/digest.ts";
import { SipRequest, SipResponse } from "../src/sip/message/message.ts";
import { parseMessage } from "../src/sip/message/parse.ts";
import { Random } from "../test/sip/random.ts";
import type { Sent } from "./flood.ts";

const tickMs = 10;
/** Forged addresses in use at once; each tick some are replaced. */
const forgers = 100;

const wish = JSON.parse(process.argv[2] ?? "") as {
  port: number;
  perSecond: number;
  seconds: number;
  connections: number;
};
const random = new Random(5060);
const sent: { -readonly [K in keyof Sent]: number } = {
  messages: 0,
  bytes: 0,
  answers: 0,
  answeredBytes: 0,
  connections: 0,
  ended: 0,
};
let challenge: Challenge | undefined;

function heard(data: Buffer): void {
  sent.answers++;
  sent.answeredBytes += data.length;
  const { message } = parseMessage(data);
  if (message instanceof SipResponse && message.status === 401)
    challenge = parseChallenges(message.all("www-authenticate"))[0] ?? challenge;
}

async function open(address: string): Promise<Socket> {
  const socket = createSocket({ type: "udp4", lookup: (host, _options, callback) => callback(null, host, 4) });
  socket.on("message", heard).on("error", () => {});
  const listening = once(socket, "listening");
  socket.bind(0, address);
  await listening;
  return socket;
}

const forged = () => `127.${3 + random.below(250)}.${random.below(256)}.${1 + random.below(254)}`;

function request(method: string, host: string, n: number): SipRequest {
  const number = String(100 + (n % 900));
  const uri = `sip:127.0.0.1:${wish.port}`;
  return new SipRequest(method, method === "INVITE" ? `sip:${number}@127.0.0.1:${wish.port}` : uri)
    .add("Via", `SIP/2.0/UDP ${host}:5060;branch=z9hG4bKflood${n};rport`)
    .add("From", `<sip:${number}@127.0.0.1>;tag=${n}`)
    .add("To", `<sip:${number}@127.0.0.1>`)
    .add("Call-ID", `flood-${n}`)
    .add("CSeq", `1 ${method}`)
    .add("Contact", `<sip:${number}@${host}:5060>`)
    .add("Max-Forwards", "70")
    .add("User-Agent", "Telephone of nobody, which has a long name as many have");
}

function message(kind: number, host: string, n: number): Buffer {
  if (kind === 2) return Buffer.from(Array.from({ length: 20 + random.below(400) }, () => random.below(256)));
  const written = request(kind === 0 ? "REGISTER" : kind === 4 ? "OPTIONS" : "INVITE", host, n);
  if (kind === 0 && challenge) {
    const how = { username: String(100 + (n % 900)), password: `guess ${n}`, method: "REGISTER", uri: written.uri };
    written.add("Authorization", authorize(challenge, { ...how, count: n, cnonce: "flood" }));
  }
  return written.toBuffer();
}

const own = await open("127.0.0.2");
const others = await Promise.all(Array.from({ length: forgers }, () => open(forged())));
const began = performance.now();
const due = () => Math.min(wish.seconds, (performance.now() - began) / 1000);
while (performance.now() - began < wish.seconds * 1000) {
  while (sent.messages < due() * wish.perSecond) {
    const n = ++sent.messages;
    const socket = n % 5 >= 3 ? random.pick(others) : own;
    const data = message(n % 5, socket.address().address, n);
    sent.bytes += data.length;
    socket.send(data, wish.port, "127.0.0.1");
  }
  while (sent.connections < due() * wish.connections) {
    sent.connections++;
    const socket = connect({ host: "127.0.0.1", port: wish.port, localAddress: "127.0.0.2" });
    socket.on("error", () => {}).once("close", () => sent.ended++);
    socket.unref();
  }
  others.shift()?.close();
  others.push(await open(forged()));
  await sleep(tickMs);
}
await sleep(500);
process.stdout.write(JSON.stringify(sent) + "\n");
process.exit(0);
