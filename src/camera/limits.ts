/** Pixels of a picture that is taken at all: more than any doorbell's. Held against what a header claims, before anything is allocated. */
export const largestPicture = 64_000_000;
