// The strategies by name, what each does where a setting says nothing, and which settings it has. Without imports that run:
// dialogs ask it too.

export const strategyNames = [
  ...(["ring-all", "hunt", "waves", "redial", "retry-dial", "until-answered"] as const),
  ...(["park", "conference", "message", "refuse", "steps"] as const),
] as const;
export type StrategyName = (typeof strategyNames)[number];

export interface Usual {
  readonly seconds: number;
  readonly tries: number;
  readonly waitSeconds: number;
  readonly stopCauses: readonly number[];
}

const usual: Usual = { seconds: 60, tries: 60, waitSeconds: 1, stopCauses: [21, 0] };
const special: Partial<Record<StrategyName, Partial<Usual>>> = {
  hunt: { seconds: 20 },
  waves: { waitSeconds: 10 },
  "retry-dial": { seconds: 20, tries: 10, waitSeconds: 4, stopCauses: [] },
  "until-answered": { tries: 0, stopCauses: [] },
};

export const usualOf = (strategy: StrategyName): Usual => ({ ...usual, ...special[strategy] });

/** The least and the most that a figure may be. */
export const limits = {
  seconds: [1, 3600],
  tries: [0, 10_000],
  waitSeconds: [0.5, 3600],
  maxMinutes: [0.1, 1440],
  messageSeconds: [0, 600],
  status: [400, 699],
} as const;

/** What becomes of a parked visitor whom nobody has fetched, as its place says and as a strategy does. */
export const afterPlace = ["hang-up", "ring-again", "message"] as const;
export const afterParking = ["go-on", ...afterPlace] as const;

const looking = ["targets", "seconds", "sound", "answerFirst", "record", "message"] as const;

/** The settings of each strategy as dialogs have them; others are no concern of it. */
export const fieldsOf = {
  "ring-all": looking,
  hunt: looking,
  waves: [...looking, "waitSeconds"],
  redial: [...looking, "tries", "waitSeconds", "maxMinutes", "stopCauses"],
  "retry-dial": [...looking, "tries", "waitSeconds", "maxMinutes", "announcement"],
  "until-answered": [...looking, "waitSeconds", "maxMinutes"],
  park: ["parking", "seconds", "sound", "then", "targets", "record", "message"],
  conference: ["conference", "targets", "seconds", "sound", "record"],
  message: ["message"],
  refuse: ["status"],
  steps: ["steps", "sound", "answerFirst", "record", "message"],
} as const satisfies Record<StrategyName, readonly string[]>;

export type StrategyField = (typeof fieldsOf)[StrategyName][number];

/** The visitor waits somewhere, with music of its own. */
export const isPlace = (strategy: StrategyName): boolean => strategy === "park" || strategy === "conference";

/** The visitor is asked to speak, whatever else is set; `then` as in `afterParking`. */
export const asksForMessage = (strategy: StrategyName, then: string | undefined): boolean =>
  strategy === "message" || (strategy === "park" && then === "message");

export const hasField = (strategy: StrategyName, field: StrategyField): boolean =>
  (fieldsOf[strategy] as readonly StrategyField[]).includes(field);
