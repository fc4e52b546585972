// sipvicious, which searches the internet for SIP servers, their extensions and passwords, against an Endpoint on loopback.
import assert from "node:assert/strict";
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { Secret } from "../../src/secret.ts";
import { Endpoint } from "../../src/sip/endpoint.ts";
import { SipRequest } from "../../src/sip/message/message.ts";
import { parseMessage } from "../../src/sip/message/parse.ts";
import { newBranch, newCallId, newTag, replyTo } from "../../src/sip/message/reply.ts";
import { thePeer, without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { run } from "../support/processes.ts";

const open: Endpoint[] = [];

/** A house with the extensions 6001 and 8000, whose passwords are 1234. Nobody is exempt, not even this machine. */
async function endpointWith(guard: object): Promise<{ endpoint: Endpoint; port: number }> {
  const endpoint = new Endpoint({
    listeners: [{ transport: "udp", address: "127.0.0.1", port: 0 }],
    guard: { exempt: [], ...guard },
  });
  await endpoint.start();
  open.push(endpoint);
  for (const extension of ["6001", "8000"])
    endpoint.addExtension({ extension, login: extension, maxContacts: 1, password: new Secret("1234") });
  return { endpoint, port: endpoint.addresses[0]?.port ?? 0 };
}

/** What one of its three programs says of the server at `port`. */
async function sipvicious(program: "svmap" | "svwar" | "svcrack", port: number, ...options: string[]): Promise<string> {
  const [own] = await freePorts(1);
  const path = join(dirname(thePeer("svwar")), program);
  const args = ["-p", String(port), "-P", String(own), "-x", "127.0.0.1", ...options, "127.0.0.1"];
  const { code, output } = await run(path, args, { cwd: tmpdir() });
  assert.equal(code, 0, output);
  return output;
}

const scan = ["--force", "-e", "5999-6003"];
const guessing = ["--maximumtime=5", "-u", "6001", "-r", "1220-1240"];

describe("sipvicious as the peer", { skip: without("svwar"), concurrency: true }, () => {
  after(() => Promise.all(open.map((endpoint) => endpoint.close())));

  it("finds no server where scanners are not answered, and finds it where they are", async () => {
    const [usual, lax] = [await endpointWith({}), await endpointWith({ scanners: "answer" })];
    assert.match(await sipvicious("svmap", usual.port), /found nothing/);
    assert.match(await sipvicious("svmap", lax.port), new RegExp(`127\\.0\\.0\\.1:${lax.port} \\|`));
  });

  for (const method of ["REGISTER", "INVITE", "OPTIONS"])
    it(`finds no extension by ${method}, were it answered`, async () => {
      const { port } = await endpointWith({ scanners: "answer" });
      const output = await sipvicious("svwar", port, "-m", method, ...scan);
      assert.match(output, /found nothing/);
      assert.doesNotMatch(output, /\b6001\b.*\|/);
    });

  it("does find the extensions of a server that tells: the search above is a real one", async () => {
    const socket = createSocket("udp4");
    socket.on("message", (data: Buffer, from: RemoteInfo) => {
      const { message } = parseMessage(data);
      if (!(message instanceof SipRequest)) return;
      const status = message.get("to")?.includes("6001") ? 401 : 404;
      socket.send(replyTo(message, status, "t").toBuffer(), from.port, from.address);
    });
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const output = await sipvicious("svwar", socket.address().port, ...scan);
    socket.close();
    assert.match(output, /\| 6001 +\| reqauth/);
  });

  it("cracks no password: it is banned after ten wrong ones, before it comes to the right one", async () => {
    const { endpoint, port } = await endpointWith({ scanners: "answer" });
    assert.match(await sipvicious("svcrack", port, ...guessing), /found nothing/);
    assert.match(endpoint.guard.bans()[0]?.text ?? "", /^127\.0\.0\.1 is banned for 1 h: 10 wrong passwords for 6001/);
  });

  it("does crack it where nobody is banned: the guessing above is a real one", async () => {
    const { port } = await endpointWith({ scanners: "answer", bans: { answers: 0 } });
    assert.match(await sipvicious("svcrack", port, ...guessing), /\| 6001 +\| 1234/);
  });

  it("would learn nothing under another name: what exists and what does not is answered alike", async () => {
    const { port } = await endpointWith({});
    for (const method of ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE"]) {
      const answers = [];
      for (const number of ["6001", "8000", "6002", "100"]) answers.push(bare(await ask(port, method, number), number));
      assert.match(answers[0] ?? "", /^SIP\/2\.0 [2-5]\d\d /);
      assert.deepEqual(new Set(answers).size, 1, answers.join("\n"));
    }
  });
});

/** The answer to a request for a number, from a socket of its own. */
async function ask(port: number, method: string, number: string): Promise<string> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const request = new SipRequest(method, method === "REGISTER" ? "sip:127.0.0.1" : `sip:${number}@127.0.0.1`)
    .add("Via", `SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=${newBranch()};rport`)
    .add("From", `<sip:${number}@127.0.0.1>;tag=${newTag()}`)
    .add("To", `<sip:${number}@127.0.0.1>`)
    .add("Call-ID", newCallId())
    .add("CSeq", `1 ${method}`)
    .add("Contact", `<sip:${number}@127.0.0.1:${socket.address().port}>`)
    .add("Max-Forwards", "70")
    .add("User-Agent", "Telephone 4711, as many are, with a name as long as theirs");
  const answered = once(socket, "message") as Promise<[Buffer]>;
  socket.send(request.toBuffer(), port, "127.0.0.1");
  const [data] = await answered;
  socket.close();
  return data.toString();
}

/** An answer without the number and what differs from one to the next by chance. */
const bare = (text: string, number: string): string =>
  text
    .replaceAll(`:${number}@`, ":N@")
    .replace(/nonce="[^"]*"/g, "nonce")
    .replace(/(tag=|branch=|rport=|127\.0\.0\.1:|\n(?:Call-ID|i): )[^;\r>]*/g, "$1");
