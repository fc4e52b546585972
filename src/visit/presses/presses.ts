// The visits of a house, and what becomes of a call of a door (X1): a visit of its own, a part of the one that goes on, or
// a refusal; and of a press that is told without a call. docs/presses.md says it as a table.
import { isNear } from "../../clock.ts";
import { pressRules, talkRules, type PressRules } from "../../door/door.ts";
import { sentence } from "../../errors.ts";
import type { IncomingCall } from "../../sip/dialog/incoming.ts";
import type { Contact } from "../../sip/registrar/location.ts";
import { callWithinMs } from "./bell-line.ts";
import { areTwo, buttonOf, toldButton, type Button } from "./buttons.ts";
import { waitIn } from "../places/confer.ts";
import type { DoorKeys } from "./door-keys.ts";
import type { Door } from "./doors.ts";
import type { VisitEvent } from "../messages.ts";
import { parkIn } from "../places/parking-visit.ts";
import type { TransferHost } from "../talk/transfer.ts";
import { Visit } from "../visit.ts";

export interface PressHost extends TransferHost {
  /** Whether calls can be taken: the endpoint listens and there is somewhere for their sound. */
  readonly listens: boolean;
  tell(event: "visit", told: VisitEvent): void;
}

/** Visits can be asked for this long after their end. */
const rememberMs = 10 * 60_000;

/** Their pictures are kept for so long: whoever wants one longer has been given it. */
const picturedMs = 60_000;

/** What a bell tells twice within so long is one press, whatever its calls do. */
const leastBounceMs = 2_000;

/** What is told of a press. */
export const seenAt = (visit: Visit): { readonly from: string } & Button => ({
  ...{ from: visit.view().caller.number, ...visit.door.pressed },
});

interface Press {
  readonly visit: Visit;
  readonly door: Door;
  /** When its last call came in, or it was told of last. */
  at: number;
  /** Its door was taken away: what comes now is no part of it. */
  over: boolean;
}

export class Presses {
  readonly #host: PressHost;
  readonly #keysOf: (door: Door) => DoorKeys;
  readonly #presses = new Map<string, Press>();

  constructor(host: PressHost, keysOf: (door: Door) => DoorKeys) {
    this.#host = host;
    this.#keysOf = keysOf;
  }

  visit(id: string): Visit | undefined {
    return this.#presses.get(id)?.visit;
  }

  /** The visits that are not over, of one door or of all, the oldest first. */
  open(door?: string): Visit[] {
    return this.#visits(door).filter(({ state }) => state !== "ended");
  }

  /** The visit that goes on at a door: of several the one that talks, else the one that began last. */
  active(door: string): Visit | undefined {
    const open = this.open(door);
    return open.findLast(({ state }) => state === "talking") ?? open.at(-1);
  }

  /** The visit that goes on at a door, else the one that began last. */
  last(door: string): Visit | undefined {
    return this.active(door) ?? this.#visits(door).at(-1);
  }

  /** A device has registered, or did so anew: visits that wait for it ring it at once. */
  offer(contact: Contact, isNew: boolean): void {
    for (const visit of this.#visits()) visit.offer(contact, isNew);
  }

  /** The door is taken away: its visits end. Whoever presses at the one that takes its place is heard. */
  leave(door: string): void {
    for (const press of this.#presses.values()) {
      if (press.visit.door.id !== door) continue;
      press.over = true;
      press.visit.stop("the door was deployed anew, or taken out of the flow");
    }
  }

  close(): void {
    for (const visit of this.#visits()) visit.stop("the endpoint was closed");
  }

  /** A door calls. */
  pressed(door: Door, call: IncomingCall): void {
    const { settings } = door;
    const rules = pressRules(settings);
    const button = buttonOf(settings, call);
    const same = this.#same(settings.id, button);
    if (same && this.#belongs(same, call, button, rules)) return;
    const talking = this.open(settings.id).find(({ state }) => state === "talking");
    if (talking && rules.inTalk === "busy" && !rules.oneCall) return call.reject(486);
    if (!this.#host.listens) return call.reject(503);
    if (rules.oneCall)
      for (const visit of this.open(settings.id)) visit.letGo("the bell calls anew: its old call is over");
    else if (rules.inTalk === "replace") talking?.letGo("another press took its place");
    this.#begin(door, call, button, talking);
  }

  /**
   * A door tells of a press by other means than a call, such as a hook; `by` names them. Its call may be there already, or
   * come in a moment, or never. Says what became of it.
   */
  told(door: Door, said: string | undefined, by: string): "ring" | "known" | "busy" {
    const { settings } = door;
    const { bounceMs, inTalk } = pressRules(settings);
    const button = toldButton(settings, said);
    const same = this.#same(settings.id, button);
    const now = this.#host.clock.now();
    if (same) {
      const { visit } = same;
      const rings = visit.state === "ringing" && visit.hasCall;
      if (rings || isNear(Math.max(same.at, visit.endedAt ?? 0), now, Math.max(bounceMs, leastBounceMs))) {
        same.at = now;
        return "known";
      }
      if (visit.state === "ringing") visit.letGo("the bell was pressed anew");
    }
    const talking = this.open(settings.id).find(({ state }) => state === "talking");
    // It has no call that could wait on the line or take the place of the talk.
    if (talking && inTalk !== "wait") return "busy";
    this.#begin(door, undefined, button, talking, by);
    return "ring";
  }

  /** The last press of that button, or of one that may be the same. */
  #same(door: string, button: Button): Press | undefined {
    return [...this.#presses.values()].findLast(
      ({ visit, over }) => !over && visit.door.id === door && !areTwo(visit.door.pressed, button),
    );
  }

  /** Whether the call is one of that press: then it is dealt with. */
  #belongs(press: Press, call: IncomingCall, button: Button, { bounceMs, oneCall }: PressRules): boolean {
    const { visit, at } = press;
    const now = this.#host.clock.now();
    if (visit.state === "ringing") {
      const first = !visit.hasCall;
      if (first && !isNear(at, now, callWithinMs)) {
        visit.letGo("the bell was pressed anew");
        return false;
      }
      if (oneCall && !first && !visit.moveTo(call)) return false;
      if (!oneCall || first) visit.join(call, button);
      press.at = now;
      if (first) this.#enter(visit);
      return true;
    }
    // Nobody is to hear once more what nobody wanted to hear; whoever gave up by itself and calls again is heard.
    const refused = visit.refusedWith;
    const isAgain = refused !== undefined && isNear(visit.endedAt ?? 0, now, bounceMs);
    // One of many calls, another of which was answered at once.
    const isLate = visit.state === "talking" && !oneCall && isNear(at, now, bounceMs);
    if (isLate) press.at = now;
    if (isAgain || isLate) call.reject(refused ?? 486);
    return isAgain || isLate;
  }

  #begin(door: Door, call: IncomingCall | undefined, pressed: Button, behind: Visit | undefined, by?: string): void {
    const { id, name, extension, answererDigits } = door.settings;
    const { clock } = this.#host;
    this.#forget();
    const visit = new Visit(
      this.#host,
      {
        ...{ id, name, extension, pressed, talks: talkRules(door.settings), keys: this.#keysOf(door) },
        ...(answererDigits && { answererDigits }),
      },
      call,
    );
    this.#presses.set(visit.id, { visit, door, at: clock.now(), over: false });
    visit.on("event", (event) => {
      this.#host.tell("visit", event);
      if (event.event === "ended") this.#takeUp(id);
      // A bell without another camera shows itself in its call.
      if (event.event === "answered" && !visit.picture) this.#photograph(visit, door);
    });
    // The ring leaves at once; the camera is asked in the same moment and holds up nobody (X3).
    const waits = behind?.state === "talking" && visit.wait(true);
    const seen = { ...seenAt(visit), ...(by !== undefined && { by }) };
    visit.tell(waits ? "waiting" : "ring", waits ? { ...seen, behind: behind.id } : seen);
    if (!waits) this.#enter(visit);
    this.#photograph(visit, door);
    this.#film(visit, door);
  }

  /** A visit of the door is over: those that waited for the end of its talk ring now. */
  #takeUp(id: string): void {
    if (this.active(id)?.state === "talking") return;
    for (const { visit, door } of this.#presses.values()) {
      if (visit.door.id !== id || !visit.wait(false)) continue;
      const waitedSeconds = (this.#host.clock.now() - visit.startedAt) / 1000;
      visit.tell("ring", { ...seenAt(visit), waitedSeconds });
      this.#enter(visit);
      this.#photograph(visit, door);
    }
  }

  /** A door that dials a place waits there; a flow that has something else for it takes it over. */
  #enter(visit: Visit): void {
    const { dialled } = visit.view();
    const [room, place] = [this.#host.rooms.at(dialled), this.#host.parking.at(dialled)];
    if (room) void visit.answerBy(waitIn(room.name));
    if (place) void visit.answerBy(parkIn(place));
  }

  #photograph(visit: Visit, door: Door): void {
    if (!door.eye.isOpen) return;
    visit.picture = door.eye.snapshot();
    visit.picture.then(
      (picture) => visit.tell("snapshot", picture),
      (error: unknown) => {
        this.#host.log.warn(`no picture of ${visit.door.name}: ${sentence(error)}`);
        visit.tell("snapshot-failed", { reason: sentence(error) });
      },
    );
  }

  #film(visit: Visit, door: Door): void {
    door.clip()?.then(
      (clip) => visit.tell("clip", clip),
      (error: unknown) => {
        this.#host.log.warn(`no clip of ${visit.door.name}: ${sentence(error)}`);
        visit.tell("clip-failed", { reason: sentence(error) });
      },
    );
  }

  #visits(door?: string): Visit[] {
    const all = [...this.#presses.values()].map(({ visit }) => visit);
    return door === undefined ? all : all.filter((visit) => visit.door.id === door);
  }

  #forget(): void {
    const now = this.#host.clock.now();
    for (const [id, { visit }] of this.#presses) {
      if (visit.endedAt === undefined || isNear(visit.endedAt, now, picturedMs)) continue;
      visit.picture = undefined;
      if (!isNear(visit.endedAt, now, rememberMs)) this.#presses.delete(id);
    }
  }
}
