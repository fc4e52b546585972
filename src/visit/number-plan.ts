// Who owns which number. Two owners of one number are refused, both named, before a call can go astray (H20).
import { giveUp } from "../errors.ts";

export class NumberPlan {
  readonly #owners = new Map<string, string>();

  /**
   * Takes `number` for `owner`, a name that people know ("door Front door"); the result gives it back.
   * @throws PorteroError `number-taken`
   */
  claim(number: string, owner: string): () => void {
    const other = this.#owners.get(number);
    if (other !== undefined)
      throw giveUp(
        "number-taken",
        `number ${number} is claimed by ${other} and by ${owner}: give one of them another number`,
        {
          data: { number, owners: [other, owner] },
        },
      );
    this.#owners.set(number, owner);
    return () => {
      if (this.#owners.get(number) === owner) this.#owners.delete(number);
    };
  }

  owner(number: string): string | undefined {
    return this.#owners.get(number);
  }
}
