// What a call throws, for a look at its sentence.
import { PorteroError } from "../../src/errors.ts";

/** @throws Error when `run` throws nothing, or no PorteroError. */
export function thrown(run: () => unknown): PorteroError {
  try {
    run();
  } catch (error) {
    if (error instanceof PorteroError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
