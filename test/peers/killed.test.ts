// The server is killed in the middle of calls and registrations, and started again: a real process, real peers.
import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { without } from "../support/peers.ts";
import { freePorts } from "../support/ports.ts";
import { start, type Child } from "../support/processes.ts";
import { Baresip } from "./baresip.ts";

const password = "correct-horse";
const program = fileURLToPath(new URL("../../src/server/cli.ts", import.meta.url));
/** Baresip's own: a call without sound ends after so many seconds. */
const timers = ["rtp_timeout 4"];

const registered = /registered successfully/;

/** The events that a server has printed, by name. */
const told = (child: Child, event: string): Record<string, unknown>[] =>
  child.lines
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line["event"] === event);

describe("kill -9 in the middle of calls and registrations", { skip: without("baresip") }, () => {
  it("H3 afterwards the contacts are there, a press rings with no new registration, stuck calls have ended", async () => {
    const folder = await mkdtemp(join(tmpdir(), "portero-killed-"));
    const [port = 0] = await freePorts(1);
    const config = join(folder, "house.json");
    const kept = join(folder, "kept");
    await writeFile(
      config,
      JSON.stringify({
        folder: kept,
        sip: { listeners: [{ transport: "udp", address: "127.0.0.1", port }] },
        media: { bind: "127.0.0.1", advertise: "127.0.0.1", ports: [0, 0] },
        extensions: ["6001", "6002", "6003"].map((extension) => ({ extension, password })),
        doors: [
          {
            ...{ id: "front", name: "Front door", extension: "8000", password, code: "1234" },
            strategy: { strategy: "ring-all", targets: ["6001"], seconds: 30 },
          },
        ],
      }),
    );
    const serve = async () => {
      const child = start(process.execPath, [program, "--config", config], { keepStdin: true });
      await child.line(/^READY /);
      return child;
    };
    const address = `127.0.0.1:${port}`;
    const device = (extension: string, answer = false) =>
      Baresip.start({
        ...{ server: address, extension, password, tone: 440, codecs: "PCMA", answer, config: timers },
      });
    const before = await serve();
    const bell = await device("8000");
    const phone = await device("6001");
    const talker = await device("6002");
    const listener = await device("6003", true);
    const devices = [bell, phone, talker, listener];
    let after: Child | undefined;
    try {
      for (const each of devices) await each.child.line(registered);
      talker.command("dial", `sip:6003@${address}`);
      await listener.event("CALL_ESTABLISHED");
      bell.command("dial", `sip:100@${address}`);
      await phone.event("CALL_INCOMING");

      await before.end("SIGKILL");
      // A kill in the middle of a write, too.
      const [journal = ""] = await readdir(kept);
      await appendFile(join(kept, journal), '{"k":"contact/half","v":{"exten');
      after = await serve();

      await after.line(/"event":"registered".*"8000"/);
      const back = told(after, "registered").map(({ extension }) => extension);
      assert.deepEqual(back.toSorted(), ["6001", "6002", "6003", "8000"]);
      // Nobody tells who rings that nobody waits any more.
      for (const each of [phone, bell]) each.command("hangup");
      for (const stuck of [bell, phone, talker, listener]) await stuck.event("CALL_CLOSED");
      bell.command("dial", `sip:100@${address}`);
      await phone.event("CALL_INCOMING", { nth: 2 });
      phone.command("accept");
      await Promise.all([bell.event("CALL_ESTABLISHED"), phone.event("CALL_ESTABLISHED")]);
      for (const each of devices) assert.equal(each.child.lines.filter((line) => registered.test(line)).length, 1);
      assert.equal(told(after, "registered").length, 4);
    } finally {
      for (const each of devices) await each.end();
      await before.end();
      await after?.end();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
