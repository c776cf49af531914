/** Work on an object that takes its turns: first come, first served. */
export class Turns<Owner extends object> {
  readonly #last = new WeakMap<Owner, Promise<unknown>>();

  /** Does the work once all that was asked for before, for the same object, is done or has failed. */
  run<Result>(owner: Owner, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(owner) ?? Promise.resolve();
    const mine = before.then(work);
    this.#last.set(
      owner,
      mine.catch(() => {}),
    );
    return mine;
  }
}
