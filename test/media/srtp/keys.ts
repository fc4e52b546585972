// Master keys for tests, from a seed.
import { suites, type MasterKey, type SuiteName } from "../../../src/media/suites.ts";
import { seeded } from "../seeded.ts";

export const suiteNames = Object.keys(suites) as SuiteName[];

export function masterKey(suite: SuiteName, seed: number, mki?: string): MasterKey {
  const random = seeded(seed);
  const { keyBytes, saltBytes } = suites[suite];
  const key = Buffer.from(Array.from({ length: keyBytes + saltBytes }, () => random(256))).toString("base64");
  return { suite, key, ...(mki !== undefined && { mki }) };
}
