// The media worker as a thread.
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerSettings } from "./messages.ts";
import { serve } from "./serve.ts";

if (parentPort) await serve(parentPort, workerData as WorkerSettings);
