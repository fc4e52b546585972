import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Agent } from "../../bench/agent.ts";
import { password, Portero, scratch } from "../../bench/server.ts";

describe("The bench's device on the wire", () => {
  it("registers at the server under test, which costs processor time and tells of it", async () => {
    using folder = scratch();
    await using server = await Portero.start(folder.path, { extensions: [{ extension: "600", password }] });
    const told = new Promise<string>((resolve) => server.listen((event) => resolve(JSON.stringify(event))));
    await using phone = await Agent.open(server.address);
    await phone.register("600");
    assert.match(await told, new RegExp(`"registered".*127\\.0\\.0\\.1:${phone.port}`));
    if (process.platform === "linux") assert.ok(server.cost().all >= server.cost().main && server.cost().main > 0);
  });
});

describe("The bench's look at memory", () => {
  it("is at what both threads of the server have in use", async () => {
    using folder = scratch();
    const options = ["--expose-gc", "--import", "./bench/heap.ts"];
    await using server = await Portero.start(folder.path, { extensions: [] }, options);
    const { main, media, rss } = await server.memory();
    assert.ok(main > 1e6 && media > 1e6 && main + media < rss, JSON.stringify({ main, media, rss }));
  });
});
