// Who calls us, and how we know it.

export type Caller =
  /** Proven by the extension's password. */
  | { readonly kind: "extension"; readonly number: string }
  /** Told by the server that one of our accounts is registered at as `user`; `number` is what it names in From. */
  | { readonly kind: "account"; readonly number: string; readonly account: string; readonly user?: string }
  /** Called from an address that may call us directly (A1); `number` is the user part of its From, or its host. */
  | { readonly kind: "address"; readonly number: string };
