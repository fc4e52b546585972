// How a make opens by HTTP, as its preset says it: questions in their order, what is taken out of an answer for the next
// one, what proves afterwards that it opened, and what its refusals mean. Data only; http-opening.ts carries it out.

// "device" = the SIP login and password open its web server too; "own" = the camera's user and password of the form.
export const credentials = { enum: ["device", "own"] } as const;

const pattern = { type: "string", minLength: 1, maxLength: 300, format: "regex" } as const;
const name = "^[a-z][A-Za-z0-9]*$";

const request = {
  method: { enum: ["GET", "POST", "PUT"] },
  url: { type: "string", pattern: "^https?://[^\\s]+$" },
  headers: { type: "object", additionalProperties: { type: "string" } },
  /** Content type of the body; what stands in braces in it is escaped accordingly. */
  type: { enum: ["application/xml", "application/json", "application/x-www-form-urlencoded", "text/plain"] },
  body: { type: "string", maxLength: 10_000 },
} as const;

export const openingSchema = {
  type: "object",
  required: ["credentials", "steps"],
  additionalProperties: false,
  properties: {
    credentials,
    /** Some are set up to ask for no user at all: it is tried without one, too. */
    withoutLogin: { type: "boolean" },
    /** What `{relay}` is where nobody says which; "1" where it is absent. */
    relay: { type: "string", pattern: "^[A-Za-z0-9@._-]{1,64}$" },
    steps: {
      type: "array",
      minItems: 1,
      maxItems: 5,
      items: {
        type: "object",
        required: ["url"],
        additionalProperties: false,
        properties: {
          ...request,
          /** What the body of a 2xx answer must match: some makes answer 200 to a refusal as well. */
          accepted: pattern,
          /** Values for later steps: the text of an XML element, or the first group of a pattern. */
          take: {
            type: "object",
            propertyNames: { pattern: name },
            additionalProperties: {
              type: "object",
              minProperties: 1,
              maxProperties: 1,
              additionalProperties: false,
              properties: { xml: { type: "string", pattern: "^[A-Za-z_][\\w.-]*$" }, pattern },
            },
          },
          /** Values computed for this step: the hash of a text with placeholders, in lower-case hexadecimal. */
          sign: {
            type: "object",
            propertyNames: { pattern: name },
            additionalProperties: {
              type: "object",
              minProperties: 1,
              maxProperties: 1,
              additionalProperties: false,
              properties: { md5: { type: "string" }, sha256: { type: "string" } },
            },
          },
        },
      },
    },
    /** Asked after the last step until its answer matches: proves that the door really opened. */
    confirm: {
      type: "object",
      required: ["url", "accepted"],
      additionalProperties: false,
      properties: {
        ...request,
        accepted: pattern,
        everyMs: { type: "integer", minimum: 100, maximum: 5000 },
        withinMs: { type: "integer", minimum: 100, maximum: 10_000 },
      },
    },
    /** What an answer means that did not open: all that is given must fit; the first that does is told. */
    failures: {
      type: "array",
      items: {
        type: "object",
        required: ["reason"],
        additionalProperties: false,
        properties: {
          status: { type: "integer", minimum: 200, maximum: 599 },
          body: pattern,
          reason: { type: "string", minLength: 1 },
        },
      },
    },
  },
} as const;
