// Everything in a fence is checked: settings against the project's own schemas, commands against the programs they call.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findProgram, peers } from "../../scripts/peers.ts";
import { readPackage, root } from "../../scripts/repository.ts";
import { help, parseOptions } from "../../scripts/start/options.ts";
import { checkDoor, checkPreset } from "../../src/door/door.ts";
import { importDialPlan } from "../../src/import/import.ts";
import { Topics } from "../../src/mqtt/topics.ts";
import { checkConfig } from "../../src/server/config.ts";
import { withSecrets } from "../../src/server/server.ts";
import { readWav } from "../../src/media/wav.ts";
import { checkGuard } from "../../src/sip/guard/settings.ts";
import { readCommandLine, usage } from "../../src/sim/arguments.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { run, start } from "../support/processes.ts";
import { at, blocks, pages, type Block } from "./pages.ts";
import { shape } from "./shape.ts";

const pack = readPackage() as ReturnType<typeof readPackage> & {
  scripts: Record<string, string>;
  peerDependencies?: object;
};
const server = join(root, "src/server/cli.ts");
const node = process.execPath;
const ofKind = (kind: string) => blocks("json").filter((block) => block.kind === kind);

describe("Fenced blocks of the documentation", () => {
  it("are of a kind that some test looks at", () => {
    const known =
      /^(?:config|guard|preset|strategy|audit|signed|server-ready|server-refused|trace-finding|trace-ladder|mqtt-(?:event|result|refused payload)|[a-z-]+\/[a-z-]+(?: payload)?)$/;
    const isKnown = ({ language, kind }: Block) => {
      if (language === "json") return known.test(kind);
      if (language === "ini") return /^[a-z-]+$/.test(kind);
      if (language === "js") return ["any", "sign"].includes(kind) || /^[a-z-]+\/[a-z-]+$/.test(kind);
      if (language === "yaml") return kind === "automation" || kind === "configuration";
      if (language === "python") return kind === "sign";
      if (language === "sh" && kind === "sign") return true;
      if (language === "html") return kind === "element" || kind === "dashboard";
      return ["sh", "jsonl", "text"].includes(language) && kind === "";
    };
    assert.ok(blocks().length > 0);
    assert.deepEqual(
      blocks()
        .filter((block) => !isKnown(block))
        .map(at),
      [],
    );
  });

  for (const block of ofKind("strategy"))
    it(`${at(block)} is a strategy`, () => assert.equal(typeof strategyOf(JSON.parse(block.text)), "function"));

  for (const block of ofKind("preset"))
    it(`${at(block)} is a preset`, () => assert.deepEqual(checkPreset(JSON.parse(block.text)), JSON.parse(block.text)));

  for (const block of blocks("ini"))
    it(`${at(block)} is a dial plan that becomes this strategy, every line of it`, () => {
      const { nodes, left } = importDialPlan(block.text);
      assert.deepEqual(left, []);
      assert.ok(nodes.some(({ type, strategy }) => type === "dial-strategy" && strategy === block.kind));
    });

  for (const block of blocks("html"))
    it(`${at(block)} has the element, with attributes that it knows, and its script`, () => {
      const [, name = ""] = /<portero-(\w+)/.exec(block.text) ?? [];
      const source = readFileSync(join(root, `browser/${name}.ts`), "utf8");
      const known: string[] = /observedAttributes = \[(.*)\]/.exec(source)?.[1]?.match(/\w+/g) ?? [];
      const written = (/<portero-\w+ ([^>]*)>/.exec(block.text)?.[1] ?? "").replace(/="[^"]*"/g, "").split(" ");
      assert.deepEqual(
        written.filter((attribute) => !known.includes(attribute)),
        [],
      );
      assert.ok(written.includes("door") && block.text.includes(`<script src="/portero/${name}.js"></script>`));
      if (block.kind !== "dashboard") return;
      const file = name === "door" ? "answer-from-the-dashboard" : "live-view";
      const example = JSON.parse(readFileSync(join(root, `examples/${file}.json`), "utf8")) as { format?: string }[];
      const format = example.find((node) => node.format?.includes("<portero-"))?.format;
      assert.equal(format?.trim(), block.text.trim());
    });

  for (const block of blocks("yaml"))
    it(`${at(block)} publishes only what the bridge takes, and never retained`, () => {
      const topics = [...block.text.matchAll(/^ +topic: (\S+)$/gm)].map(([, topic = ""]) => topic);
      assert.ok(topics.every((topic) => new Topics("doorbell").read(topic)));
      assert.equal(block.text.match(/retain: false/g)?.length ?? 0, topics.length);
      assert.doesNotMatch(block.text, /\t|: {2,}|^(?: {2})* \S/m);
    });

  for (const block of ofKind("guard"))
    it(`${at(block)} is what the guard does where nothing is said`, () =>
      assert.deepEqual(JSON.parse(block.text), checkGuard({})));

  for (const block of ofKind("config"))
    it(`${at(block)} is a config that the server starts with`, async () => {
      const { doors } = checkConfig(JSON.parse(block.text));
      assert.ok(doors.length > 0);
      for (const { strategy, ...door } of doors) {
        checkDoor(withSecrets(door));
        if (strategy) strategyOf(strategy);
      }
      const ready = await startedWith(block.text);
      for (const shown of ofKind("server-ready")) assert.deepEqual(shape(JSON.parse(shown.text)), shape(ready));
    });
});

/** Runs the server with a config, on free ports of loopback; gives what READY says. */
async function startedWith(text: string): Promise<unknown> {
  const listeners = ["udp", "tcp"].map((transport) => ({ transport, address: "127.0.0.1", port: 0 }));
  const config = { ...(JSON.parse(text) as object), sip: { listeners }, media: { bind: "127.0.0.1", ports: [0, 0] } };
  const folder = mkdtempSync(join(tmpdir(), "portero-docs-"));
  const file = join(folder, "house.json");
  writeFileSync(file, JSON.stringify(config));
  try {
    await using child = start(node, [server, "--config", file], { keepStdin: true });
    const [, json = ""] = await child.line(/^READY (.+)$/);
    child.process.stdin?.end("quit\n");
    assert.equal((await child.exit).code, 0);
    return JSON.parse(json);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A command line as words; quotes keep words together. */
const wordsOf = (line: string) =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain ?? "");

const lines = blocks("sh")
  .filter(({ kind }) => kind === "")
  .flatMap((block) => block.text.split("\n").map((line) => ({ where: at(block), line })));

/** What may follow a program's name on a page. Each throws when the line is wrong. */
const programs: Record<string, (words: readonly string[]) => void | Promise<void>> = {
  npm: ([command = "", ...rest]) => {
    if (command === "run") return script(rest);
    if (command === "start" || command === "test") return script([command, ...rest]);
    const { name, version, peerDependencies = {} } = pack;
    if (command === "install" && Object.hasOwn(peerDependencies, rest[0] ?? "")) return;
    const file = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
    if (command === "install") return assert.equal(rest.at(-1)?.split("/").at(-1), file, "the file npm pack makes");
    assert.deepEqual([command, ...rest], ["pack", "--pack-destination", "~"]);
  },
  cd: (rest) => assert.deepEqual(rest, ["~/.node-red"]),
  mosquitto_sub: (words) => assert.equal(words[words.indexOf("-t") + 1], "doorbell/#"),
  mosquitto_pub: (words) => {
    const read = new Topics("doorbell").read(words[words.indexOf("-t") + 1] ?? "");
    assert.ok(read, "a command that the bridge takes");
    assert.ok(!words.includes("-r"), "a retained command is refused");
  },
  docker: ([verb, ...words]) => {
    assert.equal(verb, "run");
    assert.ok(words.includes("node_red_data:/data"), "the secret must outlive the container");
    const ports = words.filter((_word, index) => words[index - 1] === "-p");
    assert.ok(words.includes("host") || ports.includes("5060:5060/udp"));
    for (const port of ports) {
      const [outside, inside] = (port.split("/")[0] ?? "").split(":");
      assert.equal(outside, inside, "SIP writes its ports into messages: they must be the same on both sides");
    }
  },
  openssl: (words) => {
    assert.equal(words[0], "s_client");
    assert.ok(words.includes("-CAfile") && words.includes("-verify_return_error"), "else it takes any certificate");
  },
  ffmpeg: async ([...words]) => {
    const ffmpeg = findProgram("ffmpeg");
    if (ffmpeg === undefined) return;
    const folder = mkdtempSync(join(tmpdir(), "portero-docs-"));
    try {
      // A sine in the place of the song.
      words.splice(words.indexOf("-i"), 2, "-f", "lavfi", "-i", "sine=d=0.2");
      const made = await run(ffmpeg, [...words.slice(0, -1), join(folder, "made.wav")]);
      assert.equal(made.code, 0, made.output);
      assert.equal(readWav(readFileSync(join(folder, "made.wav"))).kind, "clip");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  "apt-get": ([verb, ...names]) => {
    assert.equal(verb, "install");
    for (const name of names)
      assert.ok(
        peers.some(({ debian }) => debian === name),
        "a package that our tests use",
      );
  },
  rtpengine: async (words) => {
    const rtpengine = findProgram("rtpengine");
    if (rtpengine === undefined) return;
    const { output } = await run(rtpengine, ["--help"]);
    for (const word of words) assert.ok(output.includes(word.split("=")[0] ?? ""), `rtpengine has no ${word}`);
  },
  sudo: (words) => {
    assert.equal(words[0], "ufw");
    assert.ok(["5060", "30000:30999"].includes(words.at(-1) ?? ""));
  },
};

async function script([name = "", ...rest]: readonly string[]): Promise<void> {
  assert.ok(name in pack.scripts, `package.json has no script "${name}"`);
  const [dashes, ...args] = rest;
  if (dashes === undefined) return;
  assert.equal(dashes, "--", "options of a script stand behind --");
  const options = args.filter((arg) => arg.startsWith("--")).map((arg) => arg.split("=")[0] ?? "");
  const text = await helpOf(name, args);
  for (const option of options) assert.ok(text.includes(option), `${name} has no ${option}`);
}

async function helpOf(name: string, args: readonly string[]): Promise<string> {
  switch (name) {
    case "start":
      parseOptions(args, root);
      return help;
    case "sim":
      readCommandLine(args, { PORTERO_PASSWORD: "secret" });
      return usage("", "npm run sim --") + "--help";
    case "server":
      return (await run(node, [server, "--help"])).output;
    default:
      throw new Error(`no page may give options to "${name}": nobody checks them`);
  }
}

describe("Commands of the documentation", () => {
  for (const { where, line } of lines)
    it(`${where}: ${line}`, async () => {
      const [program = "", ...words] = wordsOf(line);
      const check = programs[program];
      assert.ok(check, `${program} is not known to this test`);
      await check(words);
    });

  it("in the text exist too", () => {
    const named = [...pages].flatMap(([page, text]) =>
      [...text.matchAll(/\bnpm run ([a-z:-]+)/g)].map(([, name = ""]) => `${page}: ${name}`),
    );
    assert.ok(named.length > 0);
    assert.deepEqual(
      named.filter((one) => !((one.split(": ")[1] ?? "") in pack.scripts)),
      [],
    );
    const bins = Object.keys(pack.bin ?? {});
    const commands = [...pages].flatMap(([, text]) =>
      [...text.matchAll(/`npx (portero-[a-z]+)`/g)].map(([, bin = ""]) => bin),
    );
    assert.ok(commands.length > 0);
    assert.deepEqual(
      commands.filter((command) => !bins.includes(command)),
      [],
    );
  });

  it("and the environment's variables are read by the code", () => {
    const shown = new Set([...pages.values()].flatMap((text) => text.match(/\bPORTERO_[A-Z_]+/g) ?? []));
    assert.deepEqual([...shown].sort(), ["PORTERO_MQTT_URL", "PORTERO_PASSWORD", "PORTERO_SIM", "PORTERO_SIP_PORT"]);
  });
});
