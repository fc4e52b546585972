#!/usr/bin/env node
// A simulated bell or phone for a terminal: `npm run sim -- bell …`. Events go to standard output as JSON lines, commands
// come from standard input, words for people go to standard error.
import { createInterface } from "node:readline";
import { giveUp, PorteroError, sentence } from "../errors.ts";
import { calledAs } from "../program.ts";
import { readCommandLine, usage, type Wanted } from "./arguments.ts";
import { SimBell, SimPhone, type SimEvent } from "./sim.ts";

const tell = (fact: object) => process.stdout.write(JSON.stringify(fact) + "\n");
const complain = (error: unknown) => process.stderr.write(`${sentence(error)}\n`);

const commands = "press [number], dial <number>, answer, decline, hangup, digits <digits>, transfer <number>, quit";

async function obey(device: SimBell | SimPhone, line: string): Promise<void> {
  const [word = "", value = ""] = line.trim().split(/\s+/);
  const refuse = (why: string) => giveUp("invalid", why);
  switch (word.toLowerCase()) {
    case "press":
      if (!(device instanceof SimBell)) throw refuse("a phone has no button to press: use dial");
      return device.press(value || undefined);
    case "dial":
      if (!(device instanceof SimPhone)) throw refuse("a bell has no keys to dial with: use press");
      if (!value) throw refuse("say which number: dial 8000");
      return device.dial(value);
    case "answer":
    case "decline":
      if (!(device instanceof SimPhone)) throw refuse("a bell answers by itself");
      return word.toLowerCase() === "answer" ? device.answer() : device.decline();
    case "transfer":
      if (!(device instanceof SimPhone)) throw refuse("a bell transfers nobody");
      if (!value) throw refuse("say to which number: transfer 6002");
      return device.transfer(value);
    case "hangup":
      return device.hangUp();
    case "digits":
      return device.digits(value);
    default:
      throw refuse(`"${word}" is not known. There is: ${commands}`);
  }
}

async function run(wanted: Wanted): Promise<void> {
  const device = wanted.device === "bell" ? new SimBell(wanted.options) : new SimPhone(wanted.options);
  let pressing = wanted.device === "bell" && wanted.press;
  device.on("event", (event: SimEvent) => {
    tell({ at: new Date().toISOString(), ...event });
    if (event.event !== "registered" || !pressing) return;
    pressing = false;
    obey(device, "press").catch(complain);
  });
  await device.start();
  const camera = device instanceof SimBell ? { camera: device.cameraUrl } : {};
  tell({ at: new Date().toISOString(), event: "listening", sip: device.address, ...camera });

  const input = createInterface({ input: process.stdin });
  const end = () => {
    process.removeListener("SIGINT", end);
    process.removeListener("SIGTERM", end);
    input.close();
    process.stdin.destroy();
    device.close().catch(complain);
  };
  // Whoever read the events may close the pipe.
  process.stdout.on("error", end);
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
  input.on("line", (line) => {
    const word = line.trim().toLowerCase();
    if (word === "quit" || word === "exit") end();
    else if (word) obey(device, line).catch(complain);
  });
}

try {
  const wanted = readCommandLine(process.argv.slice(2), process.env);
  if (wanted === "help") process.stdout.write(usage(commands, calledAs(import.meta.url, "sim")));
  else await run(wanted);
} catch (error) {
  complain(error);
  // 2 = the command line is wrong, 1 = something outside is.
  process.exitCode = error instanceof PorteroError && error.code === "usage" ? 2 : 1;
}
