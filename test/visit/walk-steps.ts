// What may happen in a random walk: each step does one thing of the world outside or of the flow, whatever state the house is in.
import { PorteroError } from "../../src/errors.ts";
import { checkControl, control, controlActions, type ControlAction } from "../../src/visit/talk/control.ts";
import type { Visit } from "../../src/visit/visit.ts";
import type { WalkCall, WalkDevice } from "./walk-device.ts";
import { phones, type WalkHouse } from "./walk-house.ts";
import { reportOf } from "../../src/door/door.ts";
import { openKey, others } from "./walk-doors.ts";
import { sdp, strategy, targets } from "./walk-wishes.ts";

/** Does it, and says what it was; nothing where there is nobody to do it. */
type Step = (house: WalkHouse) => string | undefined | Promise<string>;

/** A visit that goes on, one that talks rather than one that rings; now and then one that is over. */
function visit({ switchboard, ledger, random }: WalkHouse, talks = true): Visit | undefined {
  const open = switchboard.visits();
  const fit = open.filter(({ state }) => (state === "talking") === talks);
  if (fit.length > 0 && random.chance(0.9)) return random.pick(fit);
  if (random.chance(0.9)) return undefined;
  const last = ledger.visits.at(-1);
  return last === undefined ? undefined : switchboard.visit(last);
}

interface Held {
  readonly device: WalkDevice;
  readonly call: WalkCall;
}

function held({ random }: WalkHouse, devices: readonly WalkDevice[], ...states: WalkCall["state"][]): Held | undefined {
  const all = devices.flatMap((device) => device.calls(...states).map((call) => ({ device, call })));
  return all.length > 0 ? random.pick(all) : undefined;
}

/** A call that comes in and is not answered yet. */
function rung(house: WalkHouse): Held | undefined {
  const all = house.phones.flatMap((device) =>
    device.calls("asked", "ringing").flatMap((call) => (call.incoming ? { device, call } : [])),
  );
  return all.length > 0 ? house.random.pick(all) : undefined;
}

const press: Step = (house) => {
  const { random, bells } = house;
  const number = random.pick(["100", "100", "200", "6001", "600", "444", "777", "6009"]);
  const bell = random.pick(bells);
  const body = random.chance(0.9) ? sdp(house, bell) : undefined;
  bell.dial(number, body);
  return `${bell.party.host} presses ${number}`;
};

const dial: Step = (house) => {
  const { random } = house;
  const number = random.pick([
    "555",
    "701",
    "702",
    "555701",
    "777",
    "888",
    "444",
    "78",
    "79",
    "8000",
    "600",
    "0303",
    ...phones,
  ]);
  const phone = random.pick(house.phones);
  const to = phone === house.server ? (phone.account ?? "unknown") : number;
  phone.dial(to, random.chance(0.9) ? sdp(house, phone) : undefined);
  return `${phone.user} dials ${to}`;
};

const respond: Step = (house) => {
  const { random } = house;
  const found = rung(house);
  if (!found) return undefined;
  const { device, call } = found;
  const status = random.pick([100, 180, 180, 183, 200, 200, 200, 200, 200, 200, 302, 480, 486, 500, 603]);
  const contact = status === 302 ? random.pick([...phones, "600", "555"]) : undefined;
  const offered = status === 200 || status === 183 ? sdp(house, device) : undefined;
  // A final answer that describes nothing at all.
  device.answer(call, status, random.chance(0.03) ? undefined : offered, contact);
  return `${device.user} answers ${status}`;
};

const settleOffer: Step = (house) => {
  const { random, devices } = house;
  const open = devices.flatMap((device) =>
    device.calls("talking").flatMap((call) => (call.offered ? { device, call } : [])),
  );
  if (open.length === 0) return undefined;
  const { device, call } = random.pick(open);
  const status = random.pick([200, 200, 200, 200, 488, 491, 481, 500]);
  device.answer(call, status, status === 200 ? sdp(house, device) : undefined);
  return `${device.user} answers an offer with ${status}`;
};

const hangUp: Step = (house) => {
  const found = held(house, house.devices, "asked", "ringing", "talking", "leaving");
  if (!found) return undefined;
  const { state } = found.call;
  found.device.leave(found.call);
  return `${found.device.user} hangs up (${state})`;
};

const inCall: Step = (house) => {
  const { random } = house;
  const found = held(house, house.devices, "talking");
  if (!found) return undefined;
  const { device, call } = found;
  const what = random.pick(["INFO", "INFO", "hold", "hold", "offerless", "UPDATE", "MESSAGE", "OPTIONS"] as const);
  switch (what) {
    case "INFO":
      device.send(call, "INFO", [
        "application/dtmf-relay",
        `Signal=${random.pick("1,1,1,5,#".split(","))}\r\nDuration=99`,
      ]);
      break;
    case "hold":
      reoffer(device, call, ["application/sdp", sdp(house, device)]);
      break;
    case "offerless":
      reoffer(device, call);
      break;
    case "MESSAGE":
      device.send(call, "MESSAGE", ["text/plain", "hello"]);
      break;
    default:
      device.send(call, what);
  }
  return `${device.user} sends ${what}`;
};

function reoffer(device: WalkDevice, call: WalkCall, body?: readonly [string, string]): void {
  device.send(call, "INVITE", body);
}

const refer: Step = (house) => {
  const { random } = house;
  const found = held(house, house.phones, "talking");
  if (!found) return undefined;
  const { device, call } = found;
  const other = device.calls("talking").find((one) => one !== call);
  const number = random.pick([...phones, "600", "444", "777", "6009", "8000"]);
  const replaces = other && random.chance(0.7) ? `?Replaces=${device.replaces(other)}` : "";
  device.send(call, "REFER", undefined, { "Refer-To": `<sip:${number}@10.0.0.1${replaces}>` });
  return `${device.user} transfers to ${number}${replaces && " attended"}`;
};

const follow: Step = (house) => {
  const { random, ledger, clock } = house;
  const found = visit(house, false);
  const isBusy = found && ledger.owed.includes(`strategy of ${found.id}`);
  // A flow that tries something else before the first has come to its end is not the usual one.
  if (!found || (isBusy && random.chance(0.9))) return undefined;
  const end = new AbortController();
  const looks = strategy(house);
  const options = random.chance(0.1) ? { signal: end.signal } : {};
  ledger.owes(`strategy of ${found.id}`, found.answerBy(looks, options));
  if (options.signal) clock.after(random.below(20_000), () => end.abort());
  return `the flow tries ${looks.called ?? ""}`;
};

// What ends a visit, or silences it, is not most of what is done with it.
const rare = new Set<ControlAction>(["hangup", "reject", "stop", "say", "answer"]);

const command: Step = (house) => {
  const { random, ledger, clock } = house;
  const found = visit(house, random.chance(0.85));
  if (!found) return undefined;
  const action = random.pick(controlActions.filter((one) => !rare.has(one) || random.chance(0.2)));
  const wants = targets(house, 5);
  const checked = checkControl({
    ...{ action, to: random.pick(["door", "answerer", "both"]), seconds: 5 + random.below(20) },
    ...(random.chance(0.5) && { tone: "busy", loop: random.chance(0.5) }),
    ...(random.chance(0.3) && { by: "the flow" }),
    ...(random.chance(0.3) && { silent: true }),
    ...(wants.length > 0 && { targets: wants }),
    ...{ recordTo: "flow", recordToneSeconds: 0, recordMinutes: 0.01 + random.below(3) },
  });
  ledger.owes(`call-control ${action}`, control(found, checked, undefined, clock));
  return `the flow does ${action}`;
};

const invite: Step = (house) => {
  const found = visit(house);
  if (!found) return undefined;
  house.ledger.owes("invite", found.invite({ targets: targets(house, 5), seconds: 5 + house.random.below(20) }));
  return "the flow invites";
};

const fetch: Step = (house) => {
  const { random, switchboard, ledger } = house;
  const [stay] = switchboard.parking.stays();
  if (!stay && random.chance(0.95)) return undefined;
  const what = stay?.view.slot ?? "701";
  ledger.owes("fetch", switchboard.parking.fetch(what, [random.pick(phones)], 1 + random.below(20)));
  return `the flow fetches ${what}`;
};

const open: Step = (house) => {
  const { random, ledger, switchboard, doors } = house;
  const door = random.pick(["8000", "8010"]);
  const as = random.chance(0.5) ? ({ kind: "page", name: "Anna" } as const) : undefined;
  const id = doors.wish("dashboard");
  ledger.owes("opening", switchboard.open({ door, by: "dashboard", id, ...(as && { as }) }));
  return `the flow opens ${door} (${id})`;
};

/** Somebody presses what opens, or types a code that there is, was, or never was. */
const type: Step = (house) => {
  const { random, devices, doors } = house;
  const found = held(house, devices, "talking");
  if (!found) return undefined;
  const { device, call } = found;
  const code = random.pick([...doors.codes.keys(), "9999"]);
  const typed = random.chance(0.6) ? openKey : `*${code}#`;
  doors.wished(phones.some((phone) => phone === device.user) ? device.user : others);
  for (const key of typed) device.send(call, "INFO", ["application/dtmf-relay", `Signal=${key}\r\nDuration=99`]);
  return `${device.user} types ${typed}`;
};

const newCode: Step = (house) => {
  const door = house.random.pick(["8000", "8010"]);
  const { codes } = house.switchboard;
  if (codes.list(door).length > 5) return undefined;
  const code = house.doors.newCode(door);
  house.ledger.owes("code", codes.create(door, code));
  return `the flow makes a code for ${door}: ${code.code}`;
};

/** The door tells by other means than a call. */
const report: Step = (house) => {
  const { random, switchboard } = house;
  const [door, word] = [
    random.pick(["8000", "8010"]),
    random.pick(["press", "press", "press/100", "opened", "contact/open", "contact/closed"]),
  ];
  const what = reportOf(word);
  if (what) switchboard.reported(door, what, "hook");
  house.forgetful = true;
  return `${door} reports ${word}`;
};

/** A device loses its power or its connection, the server of the account has a bad day, or somebody sets the clock. */
const mishap: Step = (house) => {
  const { random, clock, server } = house;
  const device = random.pick(house.devices);
  switch (random.below(4)) {
    case 0:
      device.restart();
      house.forgetful = true;
      return `${device.user} restarts`;
    case 1:
      for (const one of house.phones) one.cut();
      return "connections break";
    case 2:
      server.registrar = random.pick([200, 200, 503, 403, 0]);
      return `the server of the account answers ${server.registrar}`;
    default: {
      const seconds = random.pick([-86_400, -3600, -5, 5, 3600, 86_400]);
      clock.set(clock.now() + seconds * 1000);
      return `the clock is set by ${seconds} s`;
    }
  }
};

const digits: Step = (house) => {
  const found = visit(house);
  if (!found) return undefined;
  const to = house.random.pick(["door", "answerer"] as const);
  house.ledger.owes("digits", house.switchboard.sendDtmf(found.id, "1,2", { to }));
  return `the flow sends digits to ${to}`;
};

const end: Step = (house) => {
  const found = visit(house, house.random.chance(0.5));
  if (!found) return undefined;
  if (house.random.chance(0.5)) found.stop();
  else found.refuse(house.random.pick([480, 486, 603]));
  return "the flow ends a visit";
};

const register: Step = (house) => {
  const phone = house.random.pick(house.phones.filter((one) => one !== house.server));
  const expires = house.random.chance(0.15) ? 0 : 7200;
  phone.register(expires);
  return `${phone.user} ${expires === 0 ? "goes" : "registers"}`;
};

const hear: Step = (house) => {
  const { random, worker } = house;
  const sessions = worker?.sessions ?? [];
  if (!worker || sessions.length === 0) return undefined;
  const session = random.pick(sessions);
  const what = random.pick(["silent", "heard", "digit", "digit", "finish", "finish", "picture"] as const);
  if (what === "digit") worker.say({ type: "digit", session, digit: "1", by: "rfc4733", durationMs: 100 });
  else if (what === "finish") worker.finish(session);
  else worker.say({ type: what, session });
  return `session ${session}: ${what}`;
};

const stumble: Step = (house) => {
  const { random, network, devices, worker } = house;
  const device = random.pick(devices);
  switch (random.below(7)) {
    case 0:
      worker?.die();
      return "the media worker dies";
    case 1:
      house.slow = random.pick([0, 5, 40, 3000]);
      return `media take ${house.slow} ms`;
    case 2:
      network.weather = random.pick([
        {},
        {},
        {},
        { loss: 0.1 },
        { duplication: 0.3 },
        { delay: [1, 60] as const, loss: 0.02 },
      ]);
      return `weather ${JSON.stringify(network.weather)}`;
    case 3:
      device.deaf = !device.deaf;
      if (device.deaf) house.clock.after(random.below(40_000), () => (device.deaf = false));
      return `${device.user} ${device.deaf ? "is deaf" : "hears again"}`;
    case 4: {
      const call = held(house, [device], "talking", "asked", "ringing")?.call;
      const text = random.pick([
        "INVITE sip:x SIP/2.0\r\n\r\n",
        `BYE sip:6001@10.0.0.1 SIP/2.0\r\nCall-ID: ${call?.id ?? "x"}\r\n\r\n`,
        "SIP/2.0 200 OK\r\nCSeq: nothing\r\n\r\n",
        "\u0000\u0001",
      ]);
      device.party.sendText(text);
      return `${device.user} talks nonsense`;
    }
    case 5: {
      const quiet = random.chance(0.3);
      house.switchboard.setQuiet("8000", quiet);
      return `door 8000 is ${quiet ? "quiet" : "not quiet"}`;
    }
    default:
      return house.redeploy();
  }
};

const wait: Step = async (house) => {
  const ms = house.random.pick([1, 20, 200, 200, 1000, 1000, 1000, 3000, 3000, 8000, 35_000]);
  await house.pass(ms);
  return `${ms} ms pass`;
};

const weights: readonly (readonly [number, ...Step[]])[] = [
  [1, end, open, stumble, mishap, newCode, report],
  [2, type, fetch, digits, register, invite],
  [3, hangUp, dial],
  [4, hear, refer],
  [5, press],
  [6, inCall, command],
  [10, follow, settleOffer, wait],
  [12, respond],
];
const all = weights.flatMap(([weight, ...steps]) => steps.flatMap((one) => Array.from({ length: weight }, () => one)));

/** One step; whatever a flow does wrong is refused with a sentence. */
export async function anyStep(house: WalkHouse): Promise<string> {
  const one = house.random.pick(all);
  try {
    return (await one(house)) ?? (await anyStep(house));
  } catch (error) {
    if (error instanceof PorteroError) return `${one.name}: ${error.message}`;
    throw error;
  }
}
