// How a visit is answered. Thin: the strategies are in src/visit, this node moves messages.
import type { Outcome, VisitEvent, VisitView } from "../../src/visit/messages.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import type { Message, Red, RedNode } from "../red.d.ts";
import { onClose, onInput, Sign } from "../running.ts";
import { visitIdOf, visitOf } from "../found.ts";
import { Look, Looks, type Teller } from "./looks.ts";
import { settingsFor, type StrategyConfig } from "./settings.ts";

export default function (RED: Red): void {
  const all = new Looks(RED.events);

  function DialStrategy(this: RedNode, config: StrategyConfig) {
    RED.nodes.createNode(this, config);
    const sign = new Sign(this);
    const looks = new Set<Look>();
    const goesOn = ({ attempt, parked }: VisitView) => {
      const what = parked === undefined ? "ringing" : "parked";
      sign.show("blue", "dot", RED._(`dial-strategy.status.${what}`, { attempt, slot: parked ?? "" }));
    };
    const say = (outcome: Outcome) => {
      if (outcome.result === "answered") {
        sign.show("green", "dot", RED._("dial-strategy.status.answered", { by: outcome.by ?? "" }));
      } else {
        sign.show("grey", "ring", `dial-strategy.status.${outcome.result}`);
      }
    };
    const me: Teller = { looks, goesOn, say, send: (messages) => this.send(messages) };
    all.begin(this.id, me);

    const message = (msg: Message, event: string, visit: VisitView, payload: unknown): Message => ({
      ...msg,
      ...{ topic: `${visit.door}/${event}`, event, visit, payload },
    });
    const stop = (msg: Message) => {
      const visits = visitIdOf(msg) === undefined ? [...looks] : [visitOf(RED, msg)];
      for (const { visit } of visits) visit.stop("stopped by the flow");
      sign.show("grey", "dot", "dial-strategy.status.stopped");
    };

    onInput(this, async (msg, send) => {
      if (msg.payload === "stop") return stop(msg);
      const { visit, switchboard } = visitOf(RED, msg);
      // A loop that is drawn with a delay ends here, when the visitor has gone meanwhile (H18).
      if (visit.state === "ended") {
        sign.show("grey", "dot", "dial-strategy.status.gone");
        return send([null, null, message(msg, "ended", visit.view(), { result: "cancelled", tries: 0, parties: [] })]);
      }
      const look = new Look(visit, me);
      const onVisit = (event: VisitEvent) => {
        const { event: name, visit: now, payload } = event;
        if (now.id !== visit.id || (name !== "trying" && name !== "parked")) return;
        look.tell((teller) => {
          teller.goesOn(now);
          teller.send([null, null, message(msg, name, now, payload)]);
        });
      };
      let outcome: Outcome;
      try {
        const strategy = strategyOf(await settingsFor(RED, this, config, msg));
        switchboard.on("visit", onVisit);
        outcome = await visit.answerBy(strategy, { signal: look.closing.signal });
      } finally {
        switchboard.off("visit", onVisit);
        look.end();
      }
      const view = visit.view();
      look.tell((teller) => {
        teller.say(outcome);
        if (outcome.result === "answered") return teller.send([message(msg, "answered", view, outcome), null, null]);
        // Nobody is left to be answered: a loop must not go round again.
        if (view.state === "ended") return teller.send([null, null, message(msg, "ended", view, outcome)]);
        // Another message for the same visit has taken over: two loops must not take turns stopping each other.
        if (outcome.result === "stopped") return teller.send([null, null, message(msg, "stopped", view, outcome)]);
        teller.send([null, message(msg, "unanswered", view, outcome), null]);
      });
    });

    onClose(this, (removed) => {
      all.close(this.id, me, removed);
      sign.close();
    });
  }
  RED.nodes.registerType("dial-strategy", DialStrategy);
}
