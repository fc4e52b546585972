// Registrations a second: challenge, credentials, 200; none failed, no message sent twice. Beside it the same load on
// Kamailio as registrar (location in memory, one UDP worker, bench/kamailio.cfg), where it is installed.
import type { Row } from "./figures.ts";
import { findKamailio, startKamailio } from "./kamailio.ts";
import { highest } from "./search.ts";
import { password, Portero, scratch, type Address } from "./server.ts";
import { numbers, phonePort, sipp, writeCallers } from "./sipp.ts";

const seconds = 5;
const devices = 1000;
const warm = { rate: 500, calls: 1500 };

/** A registrar that runs. */
interface Registrar extends AsyncDisposable {
  readonly address: Address;
  /** Milliseconds of processor time so far. */
  cpu(): number;
}

interface Best {
  readonly rate: number;
  readonly cpu: number;
  readonly limit: string;
}

export async function registrations(progress: (text: string) => void): Promise<Row[]> {
  const ours = await best("Portero", portero, progress);
  const path = findKamailio(progress);
  const theirs = path && (await best("Kamailio", (folder) => startKamailio(path, folder), progress));
  const what = "registrations/s on one core, none failed or sent twice";
  if (!ours) return [{ what, result: "fewer than 1000", target: "≥ 2000" }];
  const beside = (figure: string, ratio: number) => `Kamailio ${figure} (${ratio.toFixed(2)})`;
  return [
    {
      ...{ what, result: `${ours.rate}${ours.limit}`, target: "≥ 2000" },
      ...(theirs && { peer: beside(`${theirs.rate}${theirs.limit}`, ours.rate / theirs.rate) }),
    },
    {
      ...{ what: `CPU per registration, at ${ours.rate}/s`, result: `${ours.cpu.toFixed(3)} ms` },
      ...(theirs && { peer: beside(`${theirs.cpu.toFixed(3)} ms at ${theirs.rate}/s`, ours.cpu / theirs.cpu) }),
    },
  ];
}

async function best(
  name: string,
  open: (folder: string) => Promise<Registrar>,
  progress: (text: string) => void,
): Promise<Best | undefined> {
  let limit = "";
  const found = await highest({ from: 1000, to: 16_000, precision: 0.85 }, async (rate) => {
    using folder = scratch();
    await using registrar = await open(folder.path);
    const fields = writeCallers(folder.path, devices);
    const port = await phonePort();
    const run = (calls: number, rate: number) =>
      sipp({
        ...{ folder: folder.path, scenario: "register", port, calls, seconds: seconds + 15 },
        load: { to: registrar.address, rate, fields },
      });
    await run(warm.calls, warm.rate);
    const before = registrar.cpu();
    const result = await run(rate * seconds, rate);
    const cpu = (registrar.cpu() - before) / (rate * seconds);
    const slow = result.rate < 0.95 * rate;
    const failed = rate * seconds - result.succeeded;
    const said = `${failed} failed, ${result.retransmissions} sent twice, ${cpu.toFixed(3)} ms CPU each`;
    progress(`${name}, ${rate} registrations/s: ${said}${slow ? `; sipp managed ${result.rate.toFixed(0)} only` : ""}`);
    const good = failed === 0 && result.retransmissions === 0;
    if (good && !slow) return cpu;
    // What ended the search is the failure next above the best rate.
    limit = good ? ", sipp's limit" : "";
    return undefined;
  });
  return found && { rate: found.rate, cpu: found.measured, limit };
}

async function portero(folder: string): Promise<Registrar> {
  const extensions = numbers(devices).map((extension) => ({ extension, password }));
  const server = await Portero.start(folder, { extensions });
  return {
    address: server.address,
    cpu: () => server.cost().all,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
