// `npm start`: builds what is out of date and runs Node-RED with the package, an example flow and an MQTT broker in this
// process. When everything listens, stdout gets one line `READY {json}` (start/ready.ts) for tools; logs go to stderr.
import { setTimeout as pause } from "node:timers/promises";
import { BuildError, buildUpToDate } from "./build.ts";
import { fail, root } from "./repository.ts";
import { startBroker } from "./start/broker.ts";
import { startNodeRed } from "./start/node-red.ts";
import { choosePorts, help, parseOptions } from "./start/options.ts";
import { banner, lookAt, type State } from "./start/ready.ts";

const firstFlow = "examples/the-whole-way.json";
// After these the reason is told; then we go on waiting, because it can be mended in the editor meanwhile.
const patienceMs = 15_000;
// A node has 15 s to close (Node-RED's own limit).
const closingMs = 20_000;

const closers: (() => Promise<void>)[] = [];
let stopping = false;

async function stop(signal: string): Promise<void> {
  if (stopping) return; // Ctrl-C reaches us twice: from the terminal and from npm.
  stopping = true;
  console.error(`${signal}: stopping …`);
  setTimeout(() => fail(`Something did not close within ${closingMs / 1000} s.`), closingMs).unref();
  try {
    for (const close of closers.reverse()) await close();
  } catch (error) {
    fail(`Stopped, but not cleanly: ${error instanceof Error ? error.message : String(error)}`);
  }
  process.exit(0);
}

/** Waits until every endpoint listens and, as long as there is patience, the simulated devices are registered. */
async function everythingListens(look: () => State): Promise<State["ready"]> {
  const started = performance.now();
  let told = false;
  for (;;) {
    const { ready, waiting, late } = look();
    const patient = performance.now() - started < patienceMs;
    if (waiting.length === 0 && (late.length === 0 || !patient)) {
      for (const sentence of late) console.error(sentence);
      return ready;
    }
    if (!patient && !told) {
      told = true;
      for (const sentence of waiting)
        console.error(`${sentence} Mend it in the editor (${ready.editor}) or stop with Ctrl-C.`);
    }
    await pause(50);
  }
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), root);
  if (options.help) {
    console.log(help);
    return;
  }
  // Whoever read READY may close the pipe.
  process.stdout.on("error", () => {});
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop(signal));

  await buildUpToDate();
  const ports = await choosePorts(options);
  const broker = await startBroker(ports.mqtt);
  closers.push(() => broker.close());

  // The nodes read these where their own field is blank.
  process.env["PORTERO_SIP_PORT"] = String(ports.sip);
  process.env["PORTERO_MQTT_URL"] = broker.url;
  if (!options.sim) process.env["PORTERO_SIM"] = "off";

  const { host, userDir } = options;
  const embedded = await startNodeRed({ root, userDir, host, port: ports.editor, firstFlow });
  closers.push(() => embedded.close());
  for (const problem of embedded.problems) console.error(problem);

  const { red, url } = embedded;
  const ready = await everythingListens(() => lookAt(embedded.notRunning() ?? red.nodes, url, broker.url));
  if (stopping) return;
  console.log(banner(ready));
  console.log(`READY ${JSON.stringify(ready)}`);
}

try {
  await main();
} catch (error) {
  if (error instanceof BuildError) fail(...error.problems, "The build failed, so nothing was started.");
  fail(error instanceof Error ? error.message : String(error));
}
