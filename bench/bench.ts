// `npm run bench [-- part …]`: the machine, then a table of what was measured on it. docs/benchmarks.md says what each row
// means. Progress goes to stderr, the result to stdout.
import { findProgram, peers } from "../scripts/peers.ts";
import { sentence } from "../src/errors.ts";
import { calls } from "./calls.ts";
import { camera } from "./camera.ts";
import { delay } from "./delay.ts";
import { digits } from "./digits.ts";
import { table, type Row } from "./figures.ts";
import { flood } from "./flood.ts";
import { fuzz } from "./fuzz.ts";
import { leaveItsCore, machine } from "./machine.ts";
import { media } from "./media.ts";
import { memory } from "./memory.ts";
import { mixer } from "./mixer.ts";
import { mqtt } from "./mqtt.ts";
import { press } from "./press.ts";
import { registrations } from "./registrations.ts";
import { ring } from "./ring.ts";
import { soak } from "./soak.ts";
import { srtp } from "./srtp.ts";
import { talk } from "./talk.ts";

interface Part {
  readonly run: (progress: (text: string) => void) => Promise<Row[]>;
  readonly needs?: "sipp" | "espeak-ng" | "mosquitto" | "chromium-headless-shell";
  /** Takes an hour: only where it is named. */
  readonly long?: true;
}

const parts: Readonly<Record<string, Part>> = {
  calls: { run: calls, needs: "sipp" },
  registrations: { run: registrations, needs: "sipp" },
  delay: { run: delay },
  press: { run: press },
  ring: { run: ring },
  media: { run: media },
  memory: { run: memory, needs: "sipp" },
  fuzz: { run: fuzz },
  flood: { run: flood },
  mixer: { run: mixer },
  srtp: { run: srtp },
  camera: { run: camera, needs: "chromium-headless-shell" },
  talk: { run: talk, needs: "chromium-headless-shell" },
  digits: { run: digits, needs: "espeak-ng" },
  mqtt: { run: mqtt, needs: "mosquitto" },
  soak: { run: soak, long: true },
};

async function main(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.filter((name) => !(name in parts));
  if (unknown.length > 0) {
    console.error(`There is no part ${unknown.join(", ")}: ${Object.keys(parts).join(", ")}.`);
    process.exitCode = 2;
    return;
  }
  console.log(machine().join("\n") + "\n");
  leaveItsCore();
  const rows: Row[] = [];
  for (const [name, { run, needs, long }] of Object.entries(parts)) {
    if (wanted.length > 0 ? !wanted.includes(name) : long) continue;
    if (needs && findProgram(needs) === undefined) {
      const { debian = needs } = peers.find(({ program }) => program === needs) ?? {};
      console.error(`${name}: left out, because ${needs} is not installed (Debian package ${debian}).`);
      continue;
    }
    try {
      rows.push(...(await run((text) => console.error(`${name}: ${text}`))));
    } catch (error) {
      console.error(`${name}: ${sentence(error)}`);
      process.exitCode = 1;
    }
  }
  console.log("\n" + table(rows));
}

await main(process.argv.slice(2));
