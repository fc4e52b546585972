// Our SIP side as a config node: listening sockets, media ports, the switchboard with its audit. Other nodes find the
// switchboard here; it exists at once and begins to listen in the background.
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { systemClock } from "../../src/clock.ts";
import { PorteroError, sentence, tryAgain } from "../../src/errors.ts";
import { showAddress } from "../../src/ip.ts";
import type { ListenerOptions } from "../../src/sip/transport/flow.ts";
import { Audit } from "../../src/store/audit.ts";
import { Switchboard, type SwitchboardOptions } from "../../src/visit/switchboard.ts";
import { folderOf, generatedPassword, instanceSecret } from "../passwords.ts";
import type { Red } from "../red.d.ts";
import { Health, logOf, onClose } from "../running.ts";
import { endpointNode } from "../found.ts";
import { ownAddress } from "./address.ts";
import { serveBans } from "./bans.ts";
import { serveCertificates } from "./certificate.ts";
import { endpointOptions, type EndpointConfig } from "./settings.ts";
import { showTrace, traceRoutes } from "./trace.ts";
import { whyNot } from "./taken.ts";
import { keepVisits } from "./visits.ts";
import type { EndpointNode } from "./node.ts";

// By TLS without a certificate we only connect to others.
const isOpen = (listener: ListenerOptions): boolean => !("tls" in listener) || listener.tls.own !== undefined;

// A busy port is often our own old process going away: try soon, then ever more seldom.
const pauses = [1, 2, 4, 8, 15, 30].map((seconds) => seconds * 1000);

export default function (RED: Red): void {
  function SipEndpoint(this: EndpointNode, config: EndpointConfig) {
    RED.nodes.createNode(this, config);
    this.health = new Health();
    this.farewells = new Set();
    this.topics = new Map();
    this.lastWords = async () => {
      await nextTurn();
      await Promise.allSettled(this.farewells);
    };
    const closing = new AbortController();
    const secret = instanceSecret(RED.settings.userDir);
    const log = logOf(this);

    let options: SwitchboardOptions;
    try {
      options = endpointOptions(config, process.env, this.credentials);
    } catch (error) {
      this.health.set(sentence(error));
      this.error(sentence(error));
      // The nodes behind it still find a switchboard; it just never listens.
      options = { sip: { listeners: [] } };
    }
    const valid = options.sip.listeners.length > 0;
    const audit = Audit.open(
      join(folderOf(RED.settings.userDir), "audit", this.id),
      { clock: systemClock, log },
      {
        days: 90,
        megabytes: 500,
      },
    ).catch((error: unknown) => {
      this.warn(`openings are not recorded: ${sentence(error)}`);
      return undefined;
    });
    this.audit = audit;
    const folder = join(folderOf(RED.settings.userDir), "registrations", this.id);
    const recordings = join(folderOf(RED.settings.userDir), "recordings");
    const codes = { folder: join(folderOf(RED.settings.userDir), "codes", this.id) };
    const switchboard = new Switchboard({ ...options, folder, codes, recordings, clock: systemClock, log });
    this.switchboard = switchboard;
    const visits = join(folderOf(RED.settings.userDir), "visits", this.id);
    this.visits = keepVisits(this, config, switchboard, { visits, recordings });
    this.passwordFor = (extension) => generatedPassword(secret, this.id, extension);
    this.reachable = () => {
      const [listener] = options.sip.listeners;
      const bind = listener?.address ?? "0.0.0.0";
      return {
        host: listener?.advertise ?? ownAddress(bind),
        port: listener?.advertisePort ?? switchboard.addresses[0]?.port ?? 0,
        transports: [...new Set(options.sip.listeners.filter(isOpen).map(({ transport }) => transport))],
      };
    };
    switchboard.on("trouble", (error) => {
      this.warn(error.message);
    });
    this.record = (entry, picture) => {
      audit
        .then((store) => store?.append(entry, picture))
        .catch((error: unknown) => this.warn(`an opening was not recorded: ${sentence(error)}`));
    };
    switchboard.on("opening", (opening, picture) => {
      void picture.then((jpeg) => this.record({ kind: opening.ok ? "opening" : "refused", ...opening }, jpeg));
    });

    showTrace(RED, this);

    let nowListening = () => {};
    let neverListening = (_error: Error) => {};
    const listening = new Promise<void>((resolve, reject) => {
      nowListening = resolve;
      neverListening = reject;
    });
    listening.catch(() => {}); // Nobody has to wait for it.
    this.listening = () => listening;
    const start = async () => {
      for (let tries = 0; !closing.signal.aborted; tries++) {
        try {
          await switchboard.start();
          this.log(`SIP listens; devices reach it at ${showAddress(this.reachable())}`);
          this.health.set(undefined);
          nowListening();
          return;
        } catch (error) {
          const why = whyNot(RED, this, error);
          // Said once, not at each try.
          if (this.health.trouble !== why) this.error(why);
          this.health.set(why);
          if (!(error instanceof PorteroError) || error.advice === "giveUp") return;
        }
        await systemClock.sleep(pauses[Math.min(tries, pauses.length - 1)] ?? 30_000, closing.signal);
      }
    };
    const started = valid ? start() : Promise.resolve();

    onClose(this, async () => {
      closing.abort();
      this.live.close();
      neverListening(tryAgain("closed", "the SIP endpoint was redeployed"));
      await started;
      await this.lastWords();
      await switchboard.close();
      if ("log" in this.visits) await this.visits.log.close();
      await (await audit)?.close();
    });
  }
  RED.nodes.registerType("sip-endpoint", SipEndpoint, {
    credentials: {
      uploadedCertificate: { type: "text" },
      uploadedKey: { type: "password" },
      uploadedCa: { type: "text" },
    },
  });
  serveCertificates(RED, () => systemClock.now());
  traceRoutes(RED);
  serveBans(RED);

  // For the dialogs: what to type into a device, and the login and password that the system made (P6). A device need not
  // be deployed yet: its password follows from the node's id and the extension.
  RED.httpAdmin.get("/portero/endpoint/:id", RED.auth.needsPermission("sip-endpoint.read"), (request, response) => {
    const node = endpointNode(RED, request.params["id"]);
    if (!node) return response.status(404).json({ reason: "deploy the endpoint first" });
    const { addresses } = node.switchboard;
    response.json({ ...node.reachable(), addresses, trouble: node.health.trouble });
  });
  RED.httpAdmin.get("/portero/password/:owner", RED.auth.needsPermission("sip-endpoint.write"), (request, response) => {
    const extension = request.query["extension"];
    const owner = request.params["owner"] ?? "";
    if (typeof extension !== "string" || extension === "") {
      return response.status(400).json({ reason: "which extension?" });
    }
    const password = generatedPassword(instanceSecret(RED.settings.userDir), owner, extension);
    response.set("Cache-Control", "no-store").json({ login: extension, password: password.reveal() });
  });
  RED.httpAdmin.post(
    "/portero/password/:owner",
    RED.auth.needsPermission("sip-endpoint.write"),
    (request, response) => {
      const { extensions } = (request.body ?? {}) as { extensions?: unknown };
      const isNamed = (one: unknown): one is string => typeof one === "string" && one !== "";
      const numbers: readonly unknown[] = Array.isArray(extensions) ? extensions : [];
      if (numbers.length === 0 || !numbers.every(isNamed))
        return response.status(400).json({ reason: "which extensions?" });
      const secret = instanceSecret(RED.settings.userDir);
      const owner = request.params["owner"] ?? "";
      const passwords = numbers.map((one) => [one, generatedPassword(secret, owner, one).reveal()] as const);
      response.set("Cache-Control", "no-store").json({ passwords: Object.fromEntries(passwords) });
    },
  );
}
