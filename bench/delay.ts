// INVITE in → INVITE out, on the wire: from the moment a caller's INVITE with credentials is sent to the moment the
// phone's socket has the INVITE that Portero makes of it. 20 calls a second, each answered and ended.
import { setTimeout as sleep } from "node:timers/promises";
import type { SipRequest } from "../src/sip/message/message.ts";
import { Agent } from "./agent.ts";
import { p50p99, type Row } from "./figures.ts";
import { password, Portero, scratch } from "./server.ts";
import { numbers } from "./sipp.ts";

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
  const invites = new Map<string, SipRequest>();
  // On a busy machine a 200 may come twice.
  const talking = new Set<string>();
  const ended = new Set<string>();
  caller.response = (response) => {
    const { callId, status, cseq } = response;
    const invite = invites.get(callId);
    if (!invite || status < 200) return;
    if (cseq?.method === "BYE") ended.add(callId);
    else caller.send(caller.follow("ACK", invite, response));
    if (cseq?.method === "BYE" || status !== 200 || talking.has(callId)) return;
    talking.add(callId);
    setTimeout(() => caller.send(caller.follow("BYE", invite, response)), 200);
  };

  const sent = new Map<string, number>();
  let due = performance.now();
  for (const [i, number] of callers.entries()) {
    const invite = caller.invite(number, callee);
    invites.set(invite.callId, invite);
    due += 1000 / (plan[i]?.rate ?? rate);
    await sleep(Math.max(0, due - performance.now()));
    sent.set(number, caller.send(invite));
  }
  for (let patience = 50; patience > 0 && ended.size < callers.length; patience--) await sleep(100);
  if (ended.size < callers.length) throw new Error(`${callers.length - ended.size} of ${callers.length} calls failed`);
  const took = (phase: "young" | "warm") => {
    const those = callers.filter((_, i) => plan[i]?.as === phase);
    const ms = those.map((number) => (out.get(number) ?? NaN) - (sent.get(number) ?? NaN));
    progress(`${phase}: ${ms.length} calls at ${rate}/s, none failed; longest ${Math.max(...ms).toFixed(2)} ms`);
    return p50p99(ms);
  };
  return [
    { what: `INVITE in → INVITE out, ${rate} calls/s`, result: took("warm"), target: "p50 ≤ 1 ms, p99 ≤ 10 ms" },
    { what: `… of a server that has had ${few} calls`, result: took("young") },
  ];
}
