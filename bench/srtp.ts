// SRTP in one thread without sockets: what a packet of sound (20 ms of G.711) costs to protect and to open, in each suite, and
// what the key stream alone would cost with a cipher made for each packet.
import { createCipheriv, createSecretKey, randomBytes } from "node:crypto";
import { suites, type MasterKey, type SuiteName } from "../src/media/suites.ts";
import { Receiver, Sender } from "../src/media/worker/srtp/context.ts";
import type { Row } from "./figures.ts";

const packets = 40_000;
const warm = 5_000;

/** Microseconds of processor time for each of what comes after the first, which compile the code. */
function timed(work: (index: number) => void): number {
  for (let index = 0; index < warm; index++) work(index);
  const before = process.threadCpuUsage();
  for (let index = warm; index < packets; index++) work(index);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / (packets - warm);
}

function measure(suite: SuiteName): { readonly protect: number; readonly open: number } {
  const { keyBytes, saltBytes } = suites[suite];
  const key: MasterKey = { suite, key: randomBytes(keyBytes + saltBytes).toString("base64") };
  const [sender, receiver] = [new Sender(key), new Receiver(key)];
  const packet = Buffer.alloc(172, 0xd5);
  packet.writeUInt16BE(0x8008, 0);
  const sealed: Buffer[] = [];
  const protect = timed((index) => {
    packet.writeUInt16BE(index, 2);
    const made = sender.protect(packet);
    if (made) sealed.push(made);
  });
  const open = timed((index) => {
    const made = sealed[index];
    if (!made || !receiver.unprotect(made)) throw new Error(`${suite}: packet ${index} cannot be opened`);
  });
  return { protect, open };
}

export function srtp(progress: (text: string) => void): Promise<Row[]> {
  const rows = (Object.keys(suites) as SuiteName[]).map((suite): Row => {
    progress(suite);
    const { protect, open } = measure(suite);
    const result = `${protect.toFixed(1)} µs to protect, ${open.toFixed(1)} µs to open`;
    return { what: `${suite}: a packet of sound`, result };
  });
  const [secret, iv, body] = [createSecretKey(randomBytes(16)), Buffer.alloc(16), Buffer.alloc(160)];
  const each = timed(() => createCipheriv("aes-128-ctr", secret, iv).update(body));
  const cipher = createCipheriv("aes-128-ecb", secret, null);
  const kept = timed(() => cipher.update(body));
  rows.push({
    what: "the key stream of it, with a cipher made for it or one that is kept",
    ...{ result: `${each.toFixed(1)} µs or ${kept.toFixed(1)} µs` },
  });
  return Promise.resolve(rows);
}
