// What can be dialled: extensions, codes, numbers outside, addresses. Without imports: the editor asks it too.

const pattern = "^[A-Za-z0-9._+*#-]{1,64}$";
const whole = new RegExp(pattern);

/** For a JSON schema. */
export const numberSchema = { type: "string", pattern } as const;

export const isNumber = (text: string): boolean => whole.test(text);

/** Messages name an address as it was given, and so would tell a password in it (P7); calls to addresses carry none. */
export const holdsPassword = (target: string): boolean => /^sips?:[^@:]*:[^@]*@/i.test(target);
export const noPassword =
  "an address holds no password: write sip:100@192.168.1.5, or add an account for a server that asks for one";
