// What can be dialled: extensions, codes, numbers outside. Without imports: the editor asks it too.

const pattern = "^[A-Za-z0-9._+*#-]{1,64}$";
const whole = new RegExp(pattern);

/** For a JSON schema. */
export const numberSchema = { type: "string", pattern } as const;

export const isNumber = (text: string): boolean => whole.test(text);
