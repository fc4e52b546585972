// INVITE in → INVITE out: from the moment a caller's INVITE with credentials is on the wire to the moment that the INVITE which
// Portero makes of it is there; and the same by the load's clock, which counts its own sending and waking too. 20 calls a
// second, each answered and ended.
import { setTimeout as sleep } from "node:timers/promises";
import type { SipRequest } from "../src/sip/message/message.ts";
import { Agent } from "./agent.ts";
import { p50p99, type Row } from "./figures.ts";
import { password, Portero, scratch } from "./server.ts";
import { numbers } from "./sipp.ts";
import { Wire } from "./wire.ts";

const rate = 20;
const seconds = 20;
/** Calls before those that are measured: of a server that has just begun, and of one whose code is compiled. */
const few = 100;
/** Calls at so many a second, and as what they are measured. */
const phases: readonly { calls: number; rate: number; as?: "young" | "warm" }[] = [
  { calls: few, rate },
  { calls: rate * seconds, rate, as: "young" },
  { calls: 1500, rate: 200 },
  { calls: rate * seconds, rate, as: "warm" },
];
const callee = "600";

export async function delay(progress: (text: string) => void): Promise<Row[]> {
  using folder = scratch();
  // Each call has a caller of its own, whose number says on the other side which call it is.
  const plan = phases.flatMap((phase) => Array.from({ length: phase.calls }, () => phase));
  const callers = numbers(plan.length);
  const extensions = [callee, ...callers].map((extension) => ({ extension, password }));
  await using server = await Portero.start(folder.path, { extensions });
  await using caller = await Agent.open(server.address);
  await using phone = await Agent.open(server.address);
  await phone.register(callee);
  await caller.challenged("REGISTER", callers[0] ?? "");

  const out = new Map<string, number>();
  phone.request = (request, at) => {
    if (request.method === "INVITE") {
      const number = /<sip:(\d+)@/.exec(request.get("from") ?? "")?.[1] ?? "";
      if (!out.has(number)) out.set(number, at);
      phone.answer(request, 180, number);
    }
    if (request.method !== "ACK") phone.answer(request, 200, "phone");
  };
  const calls = new Map<string, SipRequest>();
  // On a busy machine a 200 may come twice.
  const talking = new Set<string>();
  const ended = new Set<string>();
  caller.response = (response) => {
    const { callId, status, cseq } = response;
    const invite = calls.get(callId);
    if (!invite || status < 200) return;
    if (cseq?.method === "BYE") ended.add(callId);
    else caller.send(caller.follow("ACK", invite, response));
    if (cseq?.method === "BYE" || status !== 200 || talking.has(callId)) return;
    talking.add(callId);
    setTimeout(() => caller.send(caller.follow("BYE", invite, response)), 200);
  };

  await using wire = await Wire.tap(server.address, folder.path, progress);
  const sent = new Map<string, number>();
  let due = performance.now();
  for (const [i, number] of callers.entries()) {
    const invite = caller.invite(number, callee);
    calls.set(invite.callId, invite);
    due += 1000 / (plan[i]?.rate ?? rate);
    await sleep(Math.max(0, due - performance.now()));
    sent.set(number, caller.send(invite));
  }
  for (let patience = 50; patience > 0 && ended.size < callers.length; patience--) await sleep(100);
  if (ended.size < callers.length) throw new Error(`${callers.length - ended.size} of ${callers.length} calls failed`);
  const invites = (await wire?.invites()) ?? [];
  const first = (those: typeof invites) => new Map(those.toReversed().map(({ from, at }) => [from, at]));
  const came = first(invites.filter(({ to }) => to === server.address.port));
  const left = first(invites.filter(({ to }) => to === phone.port));
  const took = (phase: "young" | "warm", from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>) => {
    const those = callers.filter((_, i) => plan[i]?.as === phase);
    const ms = those.map((number) => (to.get(number) ?? NaN) - (from.get(number) ?? NaN));
    progress(`${phase}: ${ms.length} calls at ${rate}/s, none failed; longest ${Math.max(...ms).toFixed(2)} ms`);
    return p50p99(ms);
  };
  const target = "p50 ≤ 1 ms, p99 ≤ 10 ms";
  return [
    ...(wire
      ? [
          { what: `INVITE in → INVITE out, ${rate} calls/s`, result: took("warm", came, left), target },
          { what: `… of a server that has had ${few} calls`, result: took("young", came, left) },
        ]
      : []),
    { what: "… by the load's clock", result: took("warm", sent, out), ...(wire ? {} : { target }) },
  ];
}
