// How a visit is answered. Thin: the strategies are in src/visit, this node moves messages.
import type { Outcome, VisitEvent, VisitView } from "../../src/visit/messages.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import type { Visit } from "../../src/visit/visit.ts";
import type { Message, Red, RedNode } from "../red.d.ts";
import { onClose, onInput, Sign } from "../running.ts";
import { visitIdOf, visitOf } from "../found.ts";
import { settingsFor, type StrategyConfig } from "./settings.ts";

export default function (RED: Red): void {
  function DialStrategy(this: RedNode, config: StrategyConfig) {
    RED.nodes.createNode(this, config);
    const sign = new Sign(this);
    const closing = new AbortController();
    /** One for each message: a later one of the same visit takes its strategy over. */
    const running = new Set<{ readonly visit: Visit }>();

    const message = (msg: Message, event: string, visit: VisitView, payload: unknown): Message => ({
      ...msg,
      ...{ topic: `${visit.door}/${event}`, event, visit, payload },
    });
    const stop = (msg: Message) => {
      const visits = visitIdOf(msg) === undefined ? [...running] : [visitOf(RED, msg)];
      for (const { visit } of visits) visit.stop("stopped by the flow");
      sign.show("grey", "dot", "dial-strategy.status.stopped");
    };

    const say = (outcome: Outcome) => {
      if (outcome.result === "answered") {
        sign.show("green", "dot", RED._("dial-strategy.status.answered", { by: outcome.by ?? "" }));
      } else {
        sign.show("grey", "ring", `dial-strategy.status.${outcome.result}`);
      }
    };

    onInput(this, async (msg, send) => {
      if (msg.payload === "stop") return stop(msg);
      const { visit, switchboard } = visitOf(RED, msg);
      // A loop that is drawn with a delay ends here, when the visitor has gone meanwhile (H18).
      if (visit.state === "ended") {
        sign.show("grey", "dot", "dial-strategy.status.gone");
        return send([null, null, message(msg, "ended", visit.view(), { result: "cancelled", tries: 0, parties: [] })]);
      }
      const strategy = strategyOf(await settingsFor(RED, this, config, msg));
      const onVisit = (event: VisitEvent) => {
        const { event: name, visit: now, payload } = event;
        if (now.id !== visit.id || (name !== "trying" && name !== "parked")) return;
        const look = name === "trying" ? "ringing" : "parked";
        sign.show(
          "blue",
          "dot",
          RED._(`dial-strategy.status.${look}`, { attempt: now.attempt, slot: now.parked ?? "" }),
        );
        send([null, null, message(msg, name, now, payload)]);
      };
      switchboard.on("visit", onVisit);
      const mine = { visit };
      running.add(mine);
      let outcome: Outcome;
      try {
        outcome = await visit.answerBy(strategy, { signal: closing.signal });
      } finally {
        switchboard.off("visit", onVisit);
        running.delete(mine);
      }
      if (closing.signal.aborted) return;
      say(outcome);
      const view = visit.view();
      if (outcome.result === "answered") return send([message(msg, "answered", view, outcome), null, null]);
      // Nobody is left to be answered: a loop must not go round again.
      if (view.state === "ended") return send([null, null, message(msg, "ended", view, outcome)]);
      // Another message for the same visit has taken over: two loops must not take turns stopping each other.
      if (outcome.result === "stopped") return send([null, null, message(msg, "stopped", view, outcome)]);
      send([null, message(msg, "unanswered", view, outcome), null]);
    });

    // Only our ringing ends with us; a conversation goes on (a deploy must not cut a call).
    onClose(this, () => {
      closing.abort();
      sign.close();
    });
  }
  RED.nodes.registerType("dial-strategy", DialStrategy);
}
