import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, it } from "node:test";
import { PorteroError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import { strategyOf } from "../../src/visit/strategy.ts";
import { Switchboard } from "../../src/visit/switchboard.ts";
import { House } from "./house.ts";

const password = new Secret("a password");
const phone = (extension: string) => ({ extension, name: "", password });

async function closing(house: House, test: () => Promise<void> | void): Promise<void> {
  try {
    await test();
  } finally {
    await house.close();
  }
}

describe("the switchboard", () => {
  it("H20 refuses two owners of one number, naming both, and one login for two", async () => {
    const house = await House.open();
    await closing(house, () => {
      const { switchboard } = house;
      assert.throws(
        () => switchboard.addExtension(phone("8000"), "phone in the hall"),
        /number 8000 is claimed by door Front door and by phone in the hall/,
      );
      switchboard.addExtension(phone("6001"), "hall");
      assert.throws(
        () => switchboard.addExtension({ ...phone("6002"), login: "6001" }, "attic"),
        /login "6001" is used twice/,
      );
      switchboard.addExtension(phone("6002"), "attic, put right");
    });
  });

  it("tells that a door came or went, when its list has it or has it no more", async () => {
    const switchboard = new Switchboard({ sip: { listeners: [] } });
    const seen: string[][] = [];
    switchboard.on("doors", () => seen.push(switchboard.doors().map(({ id }) => id)));
    const door = { id: "gate", name: "Gate", extension: "8001", preset: "generic", password, code: new Secret("1") };
    switchboard.addDoor(door, "door Gate")();
    assert.deepEqual(seen, [["gate"], []]);
    await switchboard.close();
  });

  it("says which port is busy, and starts when it is free", async () => {
    const house = await House.open();
    const { port } = house.server;
    const second = new Switchboard({
      sip: { listeners: [{ transport: "udp", address: "127.0.0.1", port }] },
      media: { bind: "127.0.0.1", ports: [0, 0] },
    });
    await closing(house, async () => {
      await assert.rejects(second.start(), (error) => {
        assert.ok(error instanceof PorteroError && error.advice === "again");
        assert.match(error.message, new RegExp(`UDP port ${port} on 127.0.0.1 is taken by another program`));
        return true;
      });
    });
    await second.start();
    assert.equal(second.addresses[0]?.port, port);
    await second.close();
  });

  it("says once that somebody sends what is no SIP, and goes on working", async () => {
    const house = await House.open();
    await closing(house, async () => {
      const troubles: string[] = [];
      const socket = createSocket("udp4");
      const trouble = once(house.switchboard, "trouble");
      house.switchboard.on("trouble", (error) => troubles.push(error.message));
      for (let i = 0; i < 50; i++) socket.send(`REGISTER nonsense ${i}\r\n\r\n`, house.server.port, "127.0.0.1");
      await trouble;
      await house.bell();
      socket.close();
      assert.equal(troubles.length, 1);
      assert.match(
        troubles[0] ?? "",
        /127\.0\.0\.1:\d+ sent something that is not proper SIP: the first line is not SIP/,
      );
    });
  });

  it("H3, X10 says why somebody could not register", async () => {
    const house = await House.open();
    await closing(house, async () => {
      const { switchboard } = house;
      const refused: string[] = [];
      switchboard.on("refused", ({ text }) => refused.push(text));
      const seen = house.bell({ password: new Secret("wrong") });
      seen.catch(() => {});
      await once(switchboard, "refused");
      assert.match(refused[0] ?? "", /REGISTER from 127\.0\.0\.1:\d+ refused: wrong password for "8000"/);
      assert.equal(switchboard.doors()[0]?.registered, false);
    }).catch((error: unknown) => {
      // The bell's own record waits for a registration that never comes; that is the point here.
      if (!String(error).includes("no event")) throw error;
    });
  });

  it("H2, N3 knows its phones again when their settings are redeployed", async () => {
    const house = await House.open();
    await closing(house, async () => {
      const { switchboard } = house;
      const remove = switchboard.addExtension(phone("6001"), "hall");
      await house.phone("6001");
      remove();
      assert.equal(switchboard.contactsOf("6001"), undefined);
      switchboard.addExtension(phone("6001"), "hall, redeployed");
      assert.equal(switchboard.contactsOf("6001")?.length, 1);
    });
  });

  it("leaves no call, transaction or media port behind", async () => {
    const house = await House.open();
    const { switchboard } = house;
    const { bell } = await house.bell();
    await house.phone("6001", { answerAfterMs: 0 });
    const visit = await house.pressed(bell);
    await visit.answerBy(strategyOf({ strategy: "ring-all", targets: ["6001"] }));
    const { media } = switchboard;
    assert.equal(media.sessions, 2);
    await house.close();
    assert.deepEqual([switchboard.endpoint.calls, switchboard.endpoint.transactions.size, media.sessions], [0, 0, 0]);
    assert.equal(visit.state, "ended");
  });
});
