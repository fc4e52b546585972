// A bell behind a router (NAT) and a server outside, in network namespaces of their own: real kernel, real sockets. The
// bell registers, stays reachable after the router has forgotten its ways, rings, and talks.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { addresses, Home, withoutNamespaces, type RouterOptions } from "../support/namespaces.ts";
import { until } from "../support/patience.ts";
import type { Child } from "../support/processes.ts";

const password = "correct-horse";
const source = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

interface Players {
  home: Home;
  server: Child;
  bell: Child;
  phone: Child;
}

/** Plays with a server and a phone outside and a bell at home, all registered. */
async function play(
  options: RouterOptions & { qualifySeconds?: number },
  story: (players: Players) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "portero-nat-"));
  const home = new Home(options);
  const players: Child[] = [];
  try {
    const config = join(folder, "house.json");
    const listener = { transport: "udp", address: addresses.net, port: 5060 };
    await writeFile(
      config,
      JSON.stringify({
        sip: { listeners: [listener] },
        media: { bind: addresses.net, advertise: addresses.net, ports: [30000, 30999] },
        devices: { qualifySeconds: options.qualifySeconds ?? 0 },
        extensions: [{ extension: "6001", password }],
        doors: [
          {
            ...{ id: "front", name: "Front door", extension: "8000", password, code: "1234" },
            strategy: { strategy: "ring-all", targets: ["6001"], seconds: 20 },
          },
        ],
      }),
    );
    const server = home.start("net", process.execPath, [source("server/cli.ts"), "--config", config], {
      keepStdin: true,
    });
    players.push(server);
    await server.line(/^READY /);
    const device = (where: "home" | "net", kind: string, extension: string, ...more: string[]) => {
      const common = ["--server", `${addresses.net}:5060`, "--extension", extension, "--bind", addresses[where]];
      const child = home.start(where, process.execPath, [source("sim/cli.ts"), kind, ...common, ...more], {
        ...{ keepStdin: true, env: { PORTERO_PASSWORD: password } },
      });
      players.push(child);
      return child;
    };
    const bell = device("home", "bell", "8000", "--dial", "100");
    const phone = device("net", "phone", "6001", "--answer-after", "1", "--port", "5070");
    await Promise.all([bell.line(/"registered"/), phone.line(/"registered"/)]);
    await story({ home, server, bell, phone });
  } catch (error) {
    const said = players.map((child) => child.output).join("\n---\n");
    throw new Error(`${(error as Error).message}\nThe players said:\n${said}`, { cause: error });
  } finally {
    await Promise.all(players.reverse().map((child) => child.end()));
    home.close();
    await rm(folder, { recursive: true });
  }
}

const tell = (child: Child, command: string) => child.process.stdin?.write(`${command}\n`);
const hears = (child: Child, hertz: number) =>
  child.line(new RegExp(`"audio".*"frequency":${Math.floor(hertz / 100)}\\d\\d?\\b`));

/** A call from one to the other, until both hear each other and `meanwhile` is over; then the caller hangs up. */
async function talk(
  { bell, phone }: Players,
  caller: Child,
  command: string,
  meanwhile = (): Promise<unknown> => Promise.resolve(),
): Promise<void> {
  tell(caller, command);
  await Promise.all([hears(bell, 880), hears(phone, 440)]);
  await meanwhile();
  tell(caller, "hangup");
  await Promise.all([bell.line(/"ended"/), phone.line(/"ended"/)]);
  for (const child of [bell, phone]) child.lines.splice(0);
}

const press = (players: Players) => talk(players, players.bell, "press");
/** The bell answers at once, as door stations do. */
const callTheBell = (players: Players, meanwhile?: () => Promise<unknown>) =>
  talk(players, players.phone, "dial 8000", meanwhile);

/** So many more datagrams have come to the router; a router keeps a way for as long again after each that has passed. */
const count = (home: Home, what: "asked" | "lost", more: number) => {
  const before = home.counted(what);
  return until(`${more} more ${what}`, () => home.counted(what) >= before + more);
};

describe("a bell behind a router", { skip: withoutNamespaces(), concurrency: true }, () => {
  for (const sipHelper of [false, true])
    it(`registers, rings and talks with 5 % loss${sipHelper ? " and a router that rewrites SIP" : ""}`, async () => {
      await play({ lossPercent: 5, sipHelper }, async (players) => {
        const [, contact = ""] = await players.server.line(/"extension":"8000","contact":"sip:8000@([^:]+)/);
        assert.equal(contact, sipHelper ? addresses.router : addresses.home);
        await press(players);
        await callTheBell(players);
      });
    });

  it("is called, and hears that the phone hung up: its way through the router is used every two seconds", async () => {
    await play({ qualifySeconds: 2 }, async (players) => {
      const isAsked = () => count(players.home, "asked", 2);
      await isAsked();
      await callTheBell(players, isAsked);
    });
  });

  it("cannot be called once the router has forgotten the way where nothing keeps it open, but still rings", async () => {
    await play({}, async (players) => {
      const { bell, home, phone } = players;
      home.forget();
      tell(phone, "dial 8000");
      // Three tries (RFC 3261 §17.1.1.2).
      await count(home, "lost", 3);
      assert.ok(!bell.lines.some((line) => line.includes('"ringing"')));
      tell(phone, "hangup");
      await phone.line(/"ended".*"answered":false/);
      phone.lines.splice(0);
      assert.equal(home.counted("asked"), 0);
      await press(players);
    });
  });
});
