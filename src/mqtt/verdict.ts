// What is said of a command before anything is done.

export type RefusalCode =
  | ("retained" | "duplicate" | "just-connected" | "off" | "unsigned" | "no-visit" | "busy" | "too-many")
  | ("unknown-key" | "forged" | "late" | "replayed");

export type Verdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: RefusalCode;
      readonly reason: string;
      /** It was said within the last minute already. */
      readonly again?: boolean;
    };

export const no = (code: RefusalCode, reason: string) => ({ ok: false, code, reason }) as const;
