// X9 A simulated phone by TLS: it trusts the endpoint that it was told of by its fingerprint, and nobody else.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeCertificate } from "../../src/certificate.ts";
import { Secret } from "../../src/secret.ts";
import { SimPhone, type SimEvent } from "../../src/sim/sim.ts";
import { Endpoint } from "../../src/sip/endpoint.ts";

describe("X9, P2 a simulated phone by TLS", () => {
  for (const [who, isRight] of [
    ["registers with the fingerprint of the endpoint's certificate", true],
    ["says why it does not register with another", false],
  ] as const)
    it(who, async (t) => {
      const { certificate, key, fingerprint } = makeCertificate(["127.0.0.1"], Date.now());
      const tls = { own: { certificate: { pem: certificate }, key: { pem: key } } };
      const endpoint = new Endpoint({ listeners: [{ transport: "tls", address: "127.0.0.1", port: 0, tls }] });
      t.after(() => endpoint.close());
      await endpoint.start();
      const password = new Secret("pw");
      endpoint.addExtension({ extension: "6001", login: "6001", password, maxContacts: 1 });
      const phone = new SimPhone({
        ...{ server: { host: "127.0.0.1", port: endpoint.addresses[0]?.port ?? 0 }, extension: "6001", password },
        ...{ transport: "tls", pin: isRight ? fingerprint : makeCertificate(["x"], 0).fingerprint },
      });
      t.after(() => phone.close());
      const first = new Promise<SimEvent>((resolve) => phone.on("event", resolve));
      await phone.start();
      const event = await first;
      assert.equal(event.event, isRight ? "registered" : "failed");
      if (event.event === "failed")
        assert.match(event.reason, /self-signed certificate\. .*enter its fingerprint as pin/);
      assert.equal(endpoint.location.contacts("6001")[0]?.flow.transport, isRight ? "TLS" : undefined);
    });
});
