// The thread of test/support/media-thread.ts.
import { parentPort } from "node:worker_threads";
import { serve } from "../../src/media/worker/serve.ts";
import type { Serve } from "./media-thread.ts";

parentPort?.on("message", ({ settings, port }: Serve) => void serve(port, settings));
