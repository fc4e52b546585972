// Random walks over the state machine: bells, phones, the flow, deploys, the network and the media worker do anything at any
// time, and nothing is left of it. A walk that fails says its seed and the shortest beginning of it that fails, too.
import { after, before, describe, it, mock } from "node:test";
import { anyStep } from "./walk-steps.ts";
import { WalkHouse } from "./walk-house.ts";

/** 60,000 steps in all. */
const [walks, steps] = [240, 250];

/** The fault of a walk, and what was done until then. */
async function walk(
  seed: number,
  length: number,
  real = false,
): Promise<{ error: unknown; done: readonly string[] } | undefined> {
  const house = new WalkHouse(seed, real);
  const done: string[] = [];
  try {
    await house.open();
    for (let i = 0; i < length; i++) {
      done.push(await anyStep(house));
      // Of some that happen at once nobody has heard of the first when the next one comes.
      if (house.random.chance(0.85)) await house.pass(house.random.below(6));
      if (house.ledger.fault) throw house.ledger.fault;
    }
    // Every third house is closed in the middle of all.
    if (seed % 3 !== 0) await house.clear();
    await house.close();
    return undefined;
  } catch (error) {
    return { error, done };
  }
}

async function explain(seed: number, length: number): Promise<never> {
  let worst = await walk(seed, length);
  let [passes, fails] = [0, worst?.done.length ?? length];
  while (fails - passes > 1) {
    const middle = Math.floor((passes + fails) / 2);
    const shorter = await walk(seed, middle);
    if (shorter) [fails, worst] = [middle, shorter];
    else passes = middle;
  }
  const { error, done = [] } = worst ?? {};
  throw new Error(`seed ${seed}, ${fails} steps:\n  ${done.join("\n  ")}\n${String((error as Error).stack)}`, {
    cause: error,
  });
}

describe("random walks", () => {
  const warnings: string[] = [];
  const warn = (warning: Error) => warnings.push(String(warning.stack));
  before(() => {
    // What is sent to the media worker "soon".
    mock.timers.enable({ apis: ["setTimeout"] });
    process.on("warning", warn);
  });
  after(() => {
    mock.timers.reset();
    process.off("warning", warn);
  });

  // One of them is at its end long before the runner would end it, also on a slow machine.
  for (let first = 1; first <= walks; first += 40)
    it(`leave no call, port, timer or visit, and each visit ends exactly once (from seed ${first} on)`, async () => {
      for (let seed = first; seed < first + 40; seed++) {
        if (await walk(seed, steps)) await explain(seed, steps);
        if (warnings.length > 0) throw new Error(`seed ${seed}: ${warnings.join("\n")}`);
      }
    });

  it("leave nothing in the media worker of the program either", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { error, done } = (await walk(seed, steps, true)) ?? {};
      if (error) throw new Error(`seed ${seed}: ${done?.join(", ") ?? ""}`, { cause: error });
    }
  });
});
