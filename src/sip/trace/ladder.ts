// The messages of calls that belong together as a ladder: who said what to whom, in order. A picture is made of it
// elsewhere; `ladderText` draws it with letters.
import type { SipRequest, SipResponse } from "../message/message.ts";
import { sdpType } from "../dialog/body.ts";
import { showAddress } from "../../ip.ts";
import { labelOf, readTraced } from "./text.ts";
import type { Traced } from "./trace.ts";

export interface Participant {
  /** `portero`, or the address of a peer. */
  readonly id: string;
  /** Who that is, as people name it; the address where nobody knows. */
  readonly label: string;
}

export interface Arrow {
  /** The message in the trace. */
  readonly seq: number;
  /** ISO 8601. */
  readonly at: string;
  /** Ids of participants. */
  readonly from: string;
  readonly to: string;
  /** `INVITE`, `180 Ringing`. */
  readonly label: string;
  /** Of a response. */
  readonly status?: number;
  /** The method, of a response too. */
  readonly method: string;
  readonly callId: string;
  /** Whether it carries an offer or an answer of sound and picture. */
  readonly sdp?: true;
  /** The same message was sent before. */
  readonly retransmission?: true;
}

export interface Ladder {
  /** From left to right: who called first, we, whom we called. */
  readonly participants: readonly Participant[];
  readonly arrows: readonly Arrow[];
}

const us = "portero";

/** `nameOf` tells who is at an address, where somebody knows. */
export function ladderOf(
  entries: readonly Traced[],
  callIds: ReadonlySet<string>,
  nameOf: (address: string) => string | undefined = () => undefined,
): Ladder {
  const seen = new Set<string>();
  const arrows: Arrow[] = [];
  for (const entry of entries) {
    const message = readTraced(entry);
    if (message && callIds.has(message.callId)) arrows.push(arrowOf(entry, message, seen));
  }
  const peers = [...new Set(arrows.map(({ from, to }) => (from === us ? to : from)))];
  const [first] = arrows;
  const callers = peers.filter((peer) => peer === first?.from);
  const called = peers.filter((peer) => peer !== first?.from);
  const participants = [...callers, us, ...called].map((id) => ({
    id,
    label: id === us ? "Portero" : (nameOf(id) ?? id),
  }));
  return { participants: arrows.length === 0 ? [] : participants, arrows };
}

function arrowOf(entry: Traced, message: SipRequest | SipResponse, seen: Set<string>): Arrow {
  const peer = showAddress(entry.remote);
  const [from, to] = entry.direction === "in" ? [peer, us] : [us, peer];
  const label = labelOf(message);
  const branch = message.via?.params.get("branch") ?? "";
  // A message is known again by its transaction; a 2xx by its dialog too, since several phones behind a proxy may answer.
  const mark = [from, to, label, message.callId, message.get("cseq"), branch, message.toTag].join("|");
  const again = seen.has(mark);
  seen.add(mark);
  return {
    ...{ seq: entry.seq, at: new Date(entry.at).toISOString(), from, to, label },
    ...("status" in message && { status: message.status }),
    ...{ method: message.cseq?.method ?? label, callId: message.callId },
    ...(message.contentType === sdpType && message.body.length > 0 && { sdp: true as const }),
    ...(again && { retransmission: true as const }),
  };
}

const column = 26;

/** The ladder in letters, for a terminal, a file or a message. */
export function ladderText({ participants, arrows }: Ladder): string {
  if (arrows.length === 0) return "no messages of this call are kept any more\n";
  const start = Date.parse(arrows[0]?.at ?? "");
  const place = new Map(participants.map(({ id }, index) => [id, index]));
  const rail = () => participants.map(() => "|".padEnd(column)).join("");
  const row = (cells: readonly string[]) =>
    (" ".repeat(10) + cells.map((cell) => cell.slice(0, column - 1).padEnd(column)).join("")).trimEnd();
  const out = [
    row(participants.map(({ label }) => label)),
    row(participants.map(({ id, label }) => (id === us || id === label ? "" : id))),
  ];
  for (const arrow of arrows) {
    const [from = 0, to = 0] = [place.get(arrow.from), place.get(arrow.to)];
    const [left, right] = [Math.min(from, to) * column, Math.max(from, to) * column];
    const words = ` ${arrow.label}${arrow.sdp ? " (SDP)" : ""}${arrow.retransmission ? " again" : ""} `;
    const width = right - left - 3;
    const line = `-${words.slice(0, width)}`.padEnd(width + 1, "-");
    const drawn = from < to ? `${line}>` : `<${line}`;
    const seconds = ((Date.parse(arrow.at) - start) / 1000).toFixed(3).padStart(8);
    const whole = rail();
    out.push(`${seconds}  ${(whole.slice(0, left + 1) + drawn + whole.slice(right)).trimEnd()}`);
  }
  return out.join("\n") + "\n";
}
