import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { goodForMs, linkToken, OpenLinks, visitIn } from "../../src/door/link.ts";
import { Secret } from "../../src/secret.ts";
import { FakeClock } from "../support/clock.ts";

const key = new Secret("0123456789abcdef".repeat(4));
const clock = () => new FakeClock();

describe("A link that opens a door once", () => {
  const start = clock().now();
  const visit = { id: "a733258a-5a4b-420a-9cfe-8802f112a41a", door: "front", startedAt: start };

  it("names its visit, is the same each time, and needs no escape in a URL", () => {
    const token = linkToken(key, visit);
    assert.equal(visitIn(token), visit.id);
    assert.equal(token, linkToken(key, visit));
    assert.equal(encodeURIComponent(token), token);
  });

  it("is good for five minutes after the press", async () => {
    const time = clock();
    const links = new OpenLinks(time);
    const token = linkToken(key, visit);
    assert.equal(links.look(key, token, visit), "good");
    await time.advance(goodForMs);
    assert.equal(links.look(key, token, visit), "good");
    await time.advance(1);
    assert.equal(links.look(key, token, visit), "void");
  });

  it("is not good for an hour where the clock was set back by one; a correction by a second is none", () => {
    const time = clock();
    const links = new OpenLinks(time);
    const token = linkToken(key, visit);
    time.set(start - 1_000);
    assert.equal(links.look(key, token, visit), "good");
    time.set(start - 3_600_000);
    assert.equal(links.look(key, token, visit), "void");
  });

  it("is used up by one opening, and says so", async () => {
    const time = clock();
    const links = new OpenLinks(time);
    const token = linkToken(key, visit);
    links.use(visit);
    assert.equal(links.look(key, token, visit), "used");
    await time.advance(goodForMs + 1);
    assert.equal(links.look(key, token, visit), "used");
    assert.equal(links.look(key, linkToken(key, { ...visit, id: "other" }), { ...visit, id: "other" }), "void");
  });

  for (const [what, token, of] of [
    ["another door", linkToken(key, visit), { ...visit, door: "back" }],
    ["another time", linkToken(key, visit), { ...visit, startedAt: start + 1 }],
    ["another visit", linkToken(key, { ...visit, id: "b" }), visit],
    ["another key", linkToken(new Secret("f".repeat(64)), visit), visit],
    ["a letter changed", linkToken(key, visit).replace(/.$/, (last) => (last === "A" ? "E" : "A")), visit],
    ["nothing behind the visit", `${visit.id}.`, visit],
  ] as const)
    it(`is void with ${what}`, () => assert.equal(new OpenLinks(clock()).look(key, token, of), "void"));

  it("X6 is not to be guessed: 10,000 tries, cut, changed and made up, open nothing", () => {
    const links = new OpenLinks(clock());
    const good = linkToken(key, visit);
    let seed = 7;
    const next = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let i = 0; i < 10_000; i++) {
      const at = next(good.length);
      const changed = good.slice(0, at) + String.fromCharCode(33 + next(90)) + good.slice(at + 1 + next(3));
      if (changed !== good) assert.equal(links.look(key, changed, visit), "void", changed);
    }
  });

  it("names no visit where it is none", () => {
    for (const token of ["", ".", "a", "../../x.0123456789012345678901", "a.short", "__proto__"])
      assert.equal(visitIn(token), undefined, token);
  });
});
