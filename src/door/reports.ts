// What a door reports of itself beside its calls: its contact and whether somebody holds it open.

export interface ReportSettings {
  /** A contact that is open for so many seconds is told of; not at all where it is absent. */
  readonly heldOpenSeconds?: number;
}

/** Their fields, for a JSON schema. */
export const reportFields = {
  heldOpenSeconds: { type: "number", minimum: 1, maximum: 86_400 },
} as const;

export const reportAdvice: Readonly<Record<keyof ReportSettings, string>> = {
  heldOpenSeconds: "enter seconds from 1 to 86400, or leave it empty: nobody is told then",
};
