// The simulated devices in a terminal, as processes of their own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { after, describe, it } from "node:test";
import { House } from "./house.ts";

const file = fileURLToPath(new URL("../../src/sim/cli.ts", import.meta.url));

class Terminal {
  readonly #process;
  readonly #lines: Record<string, unknown>[] = [];
  readonly #waiting: (() => void)[] = [];
  complaints = "";
  output = "";

  constructor(args: string[], password = "") {
    this.#process = spawn(process.execPath, [file, ...args], { env: { ...process.env, PORTERO_PASSWORD: password } });
    this.#process.stderr.on("data", (data) => (this.complaints += String(data)));
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      this.output += line + "\n";
      if (line.startsWith("{")) this.#lines.push(JSON.parse(line) as Record<string, unknown>);
      for (const look of this.#waiting.splice(0)) look();
    });
  }

  say(command: string): void {
    this.#process.stdin.write(command + "\n");
  }

  async next(event: string): Promise<Record<string, unknown>> {
    for (;;) {
      const at = this.#lines.findIndex((line) => line["event"] === event);
      const [found] = at < 0 ? [] : this.#lines.splice(at, 1);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async ended(): Promise<number | null> {
    if (this.#process.exitCode === null) await once(this.#process, "close");
    return this.#process.exitCode;
  }

  kill(): void {
    this.#process.kill();
  }
}

const opened: Terminal[] = [];
const terminal = (args: string, password?: string) => {
  const made = new Terminal(args.split(" "), password);
  opened.push(made);
  return made;
};
after(() => opened.forEach((one) => one.kill()));

describe("X9 npm run sim", () => {
  it("a bell and a phone: press, answer, digits, relay, quit", async () => {
    const house = (await new House().open("8000", "6001")).connect();
    const { host, port } = house.server;
    const server = `--server ${host}:${port}`;
    const phone = terminal(`phone ${server} --extension 6001 --answer-after 0.05`, "pw-6001");
    await phone.next("registered");
    const bell = terminal(`bell ${server} --extension 8000 --dial 6001 --press --code 77`, "pw-8000");
    const { camera } = await bell.next("listening");
    assert.match(String(camera), /^http:\/\/127\.0\.0\.1:\d+\/snapshot\.jpg$/);
    await bell.next("answered");
    await phone.next("answered");
    assert.equal((await phone.next("audio"))["frequency"], 440);
    phone.say("digits 77");
    assert.equal((await bell.next("relay"))["state"], "on");
    phone.say("dial 8000");
    phone.say("hangup");
    await bell.next("ended");
    for (const one of [bell, phone]) one.say("quit");
    assert.deepEqual(await Promise.all([bell.ended(), phone.ended()]), [0, 0]);
    assert.equal(house.endpoint.location.contacts().length, 0);
    assert.match(phone.complaints, /phone 6001 is in a call already: have it hang up first/);
    await house.close();
  });

  it("explains itself", async () => {
    const help = terminal("--help");
    assert.equal(await help.ended(), 0);
    for (const option of ["--server", "--press", "--camera-port", "--answer-after", "PORTERO_PASSWORD"])
      assert.ok(help.output.includes(option), option);
  });

  for (const [args, why] of [
    ["window", /"window" is no device: begin with bell or phone/],
    ["bell --extension 8000", /say where the server is/],
    ["bell --server 127.0.0.1:5060 --extension 8000", /environment variable PORTERO_PASSWORD/],
    ["phone --server 127.0.0.1 --extension 1 --password x --answer-after soon", /--answer-after wants a number/],
    ["phone --server 127.0.0.1 --extension 1 --password x --press", /Unknown option '--press'/],
    ["bell --server 127.0.0.1 --extension 1 --password x --transport pigeon", /one of udp, tcp, tls, not "pigeon"/],
  ] as const)
    it(`says what is wrong with: ${args}`, async () => {
      const failed = terminal(args);
      assert.equal(await failed.ended(), 2);
      assert.match(failed.complaints, why);
      assert.doesNotMatch(failed.complaints, /at .*\.ts:\d+/);
    });

  it("names a port that is taken", async () => {
    const house = await new House().open("8000");
    const { host, port } = house.server;
    const failed = terminal(`phone --server ${host}:${port} --extension 8000 --port ${port}`, "pw-8000");
    assert.equal(await failed.ended(), 1);
    assert.match(failed.complaints, /UDP port \d+ on 127\.0\.0\.1 is taken by another program/);
    await house.close();
  });
});
