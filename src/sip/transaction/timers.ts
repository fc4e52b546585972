// The timer values of RFC 3261 §17, table 4, in milliseconds.

export const T1 = 500;
export const T2 = 4_000;
export const T4 = 5_000;
/** Timers B, F, H, J (unreliable), L and M. */
export const GIVE_UP = 64 * T1;
/** Timer D: at least 32 s for unreliable transports. */
export const TIMER_D = 32_000;
/** Timer C (§16.6 step 11): a callee that stays provisional longer than this is given up; over three minutes. */
export const TIMER_C = 181_000;
