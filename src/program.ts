// Files of ours that are programs: threads and child processes.

/** The file `name` (without its ending) beside the caller, who gives its `import.meta.url`: run uncompiled in the repository, compiled in the package. */
export const programFile = (from: string, name: string): URL =>
  new URL(`${name}${from.endsWith(".ts") ? ".ts" : ".js"}`, from);
