// A file that is there whole or not at all, also after a power cut: written beside its place, then put there.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export interface WholeFileOptions {
  /** Absent = its owner's alone. */
  readonly mode?: number;
  /** Whether the disk is waited for: without, a power cut may bring back the file of before. */
  readonly sync?: boolean;
}

/** Writes `text` in place of what is there. @throws where it cannot be written; nothing is left then, or what was there */
export function putWhole(file: string, text: string, { mode = 0o600, sync = false }: WholeFileOptions = {}): void {
  const draft = `${file}.new`;
  try {
    writeFileSync(draft, text, { mode, flush: sync });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  if (sync) syncFolder(dirname(file));
}

// A name is on the disk only after its folder is. Windows cannot do it and needs not.
function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, "r");
    fsyncSync(descriptor);
    closeSync(descriptor);
  } catch {
    // It is there all the same.
  }
}
