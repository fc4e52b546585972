import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { isFree } from "../../scripts/ports.ts";
import { freePorts } from "./ports.ts";
import { run, start } from "./processes.ts";

const node = (script: string) => [process.execPath, ["-e", script]] as const;

describe("A child process of a test", () => {
  it("gives the line that matches, from either stream, said before or after the question", async () => {
    await using child = start(...node('console.log("one 1"); console.error("two 2"); setInterval(() => {}, 1000)'));
    assert.equal((await child.line(/^two (\d)/))[1], "2");
    assert.equal((await child.line(/^one (\d)/))[1], "1");
  });

  it("is read even if nobody asks, so that it never stops at a full pipe", async () => {
    const { code, output } = await run(...node('for (let i = 0; i < 20000; i++) console.log("line " + i)'));
    assert.equal(code, 0);
    assert.match(output, /line 19999$/);
  });

  it("names itself and what it said when it ends without the line", async () => {
    const child = start(...node('console.log("only this"); process.exit(3)'));
    await assert.rejects(child.line(/READY/), /ended \(code 3\), no line matched \/READY\/\. It said:\nonly this/);
  });

  it("says so when there is no such program", async () => {
    await assert.rejects(start("/no/such/program", []).line(/x/), /could not be started \(.*ENOENT/);
  });

  it("is ended by its pid, and killed when it will not hear", async () => {
    const child = start(...node('process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)'));
    await child.line(/up/);
    assert.deepEqual(await child.end("SIGTERM", 50), { code: null, signal: "SIGKILL" });
    assert.equal(child.process.exitCode ?? child.process.signalCode, "SIGKILL");
  });

  it("is over when it was killed, even if what it started lives on and holds its pipes", async () => {
    const grandchild = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log(process.pid)";
    const script = `
      require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(grandchild)}], { stdio: "inherit" });
      process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)`;
    const [alone, group] = [start(...node(script)), start(...node(script), { group: true })];
    const pids = await Promise.all([alone, group].map(async (child) => Number((await child.line(/^\d+$/))[0])));
    assert.deepEqual(await alone.end("SIGTERM", 50), { code: null, signal: "SIGKILL" });
    assert.deepEqual(await group.end("SIGTERM", 50), { code: null, signal: "SIGKILL" });
    const [left = 0, taken = 0] = pids;
    process.kill(left, "SIGKILL");
    // Killed with the group: gone, or a zombie that nobody has waited for yet; a moment later, where the machine is busy.
    const lives = () =>
      existsSync(`/proc/${taken}/stat`) &&
      !/[ZX]/.test(readFileSync(`/proc/${taken}/stat`, "utf8").split(" ")[2] ?? "");
    while (lives()) await setImmediate();
  });

  it("reads its input to the end", async () => {
    const { output } = await run(...node("process.stdin.pipe(process.stdout)"), { input: "hello\n" });
    assert.equal(output, "hello");
  });
});

describe("Free ports", () => {
  it("are different and free", async () => {
    const ports = await freePorts(3);
    assert.equal(new Set(ports).size, 3);
    for (const port of ports) assert.equal(await isFree(port, "127.0.0.1"), true);
  });

  it("are not free when only UDP is taken", async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    assert.equal(await isFree(socket.address().port, "127.0.0.1"), false);
    socket.close();
  });
});
