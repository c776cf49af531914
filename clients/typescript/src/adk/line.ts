/** A line before a connection: so many calls are under way at once, and the others wait, first come, first served. */
import { Code } from "@connectrpc/connect";
import { isAnswer, SessiondError, UnavailableError } from "./errors.ts";

/** A call's turn. */
export interface Turn {
  /**
   * From when the call's time counts, in ms of `performance.now()`: from when the server last answered one of the line's
   * calls, or from when the call came, whichever is later. So waiting behind calls that are answered takes none of it,
   * and all that wait for a server that is gone are done when the first of them are.
   */
  readonly since: number;
  /** For a call that had to wait: how calls failed that had no answer, since the last answer. */
  readonly failure: SessiondError | undefined;
}

interface Waiting {
  readonly begin: () => void;
  readonly refuse: (error: SessiondError) => void;
  next: Waiting | undefined;
}

/** Lets so many calls be under way. A closed line has no more turns. */
export class Line {
  #free: number;
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  #closed = false;
  #answeredAt = Number.NEGATIVE_INFINITY;
  #failure: SessiondError | undefined;

  /** @param places how many calls may be under way */
  constructor(places: number) {
    this.#free = places;
  }

  /**
   * Makes a call when its turn comes. It keeps its place until the work is done or has failed.
   * @throws SessiondError where the line is closed before
   */
  async run<Result>(work: (turn: Turn) => Promise<Result>): Promise<Result> {
    const came = performance.now();
    const waits = this.#free === 0;
    if (waits) await this.#wait();
    else this.#free -= 1;
    try {
      if (this.#closed) throw closedError();
      return await work({
        since: Math.max(came, this.#answeredAt),
        failure: waits ? this.#failure : undefined,
      });
    } finally {
      this.#giveOn();
    }
  }

  /** Tells that a try of a call ended: in an answer, or in a failure. */
  tried(failure?: SessiondError): void {
    if (failure === undefined || isAnswer(failure)) {
      this.#answeredAt = performance.now();
      this.#failure = undefined;
    } else if (failure instanceof UnavailableError || !(this.#failure instanceof UnavailableError)) {
      // That a try had little time left says less than what others found.
      this.#failure = failure;
    }
  }

  /** Takes all that wait out of the line, with an error. */
  close(): void {
    this.#closed = true;
    let waiting = this.#first;
    this.#first = undefined;
    for (; waiting !== undefined; waiting = waiting.next) waiting.refuse(closedError());
  }

  #wait(): Promise<void> {
    return new Promise((begin, refuse) => {
      if (this.#closed) return refuse(closedError());
      const waiting: Waiting = { begin, refuse, next: undefined };
      if (this.#first === undefined) this.#first = waiting;
      else if (this.#last !== undefined) this.#last.next = waiting;
      this.#last = waiting;
    });
  }

  #giveOn(): void {
    const next = this.#first;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#first = next.next;
    next.begin();
  }
}

/** What ends the calls of a service that is closed. */
export function closedError(): SessiondError {
  return new SessiondError("The service was closed.", { code: Code.Canceled });
}
