import type { TestContext } from "node:test";

/** What stands in globalThis until the test is over, for code of a browser that runs without one. */
export function stubGlobals(t: TestContext, stubs: object): void {
  const before = Object.keys(stubs).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const [name, value] of Object.entries(stubs))
    Object.defineProperty(globalThis, name, { value: value as unknown, configurable: true, writable: true });
  t.after(() => {
    for (const [name, was] of before)
      if (was) Object.defineProperty(globalThis, name, was);
      else Reflect.deleteProperty(globalThis, name);
  });
}
