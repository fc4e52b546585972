#!/usr/bin/env node
// `npm run server -- --config file.json`: prints `READY {json}` once it listens, then its events as JSON lines. A line on
// its standard input is a command: `open <door>`, `stop <visit>`, `ladder <visit>` and others.
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { sentence } from "../errors.ts";
import { printable, type Log } from "../log.ts";
import { calledAs } from "../program.ts";
import { ladderText } from "../sip/trace/ladder.ts";
import { pcapOf } from "../sip/trace/pcap.ts";
import { readConfig } from "./config.ts";
import { startServer, type Server } from "./server.ts";

const commands = "open <door>, stop <visit>, ladder <visit>, findings, capture <file>, bans, lift <address>, quit";

const usage = `Usage: ${calledAs(import.meta.url, "server")} --config file.json [--verbose]

Runs the SIP endpoint without Node-RED. The file holds sip.listeners, extensions, doors (with a strategy each) and media;
docs/server.md shows one. Commands on standard input: ${commands}.`;

const say = (line: Record<string, unknown>) => process.stdout.write(JSON.stringify(line) + "\n");

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { config: { type: "string" }, verbose: { type: "boolean" }, help: { type: "boolean" } },
  });
  if (values.help || values.config === undefined) {
    console.error(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const tell = (text: string) => console.error(printable(text));
  const log: Log = { debug: values.verbose ? tell : () => {}, info: tell, warn: tell, error: tell };
  const server = await startServer(await readConfig(values.config), say, { log });
  const { addresses } = server.switchboard;
  const sip = { host: addresses[0]?.address, port: addresses[0]?.port, transports: addresses.map((a) => a.transport) };
  process.stdout.write(`READY ${JSON.stringify({ sip, addresses })}\n`);
  const quit = () => {
    server.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.once("SIGINT", quit).once("SIGTERM", quit);
  createInterface({ input: process.stdin }).on("line", (line) => {
    command(server, line, quit).catch((error: unknown) => console.error(sentence(error)));
  });
}

async function command(server: Server, line: string, quit: () => void): Promise<void> {
  const [verb, what = ""] = line.trim().split(/\s+/);
  const { tracing } = server.switchboard;
  if (verb === "quit") quit();
  else if (verb === "open") await server.switchboard.open({ door: what, by: "terminal" });
  else if (verb === "stop") server.switchboard.visit(what)?.stop();
  else if (verb === "ladder") console.error(ladderText(tracing.ladder(what)));
  else if (verb === "findings") say({ event: "findings", findings: tracing.diagnosis.findings() });
  else if (verb === "capture" && what !== "") await writeFile(what, pcapOf(tracing.entries()));
  else if (verb === "bans") say({ event: "bans", bans: server.switchboard.guarding.bans() });
  else if (verb === "lift") server.switchboard.guarding.lift(what);
  else if (verb) console.error(`"${verb}" is not known: ${commands}`);
}

function fail(error: unknown): void {
  console.error(sentence(error));
  process.exit(1);
}

main().catch(fail);
