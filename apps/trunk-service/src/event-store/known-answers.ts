interface Known<Answer> {
  answer: Answer;
  at: number;
  renewing: boolean;
}

export interface Keeping<Answer> {
  /** Milliseconds of a clock that only goes forward. */
  now: () => number;
  /** What is quickly found is found each time. */
  isLong: (answer: Answer) => boolean;
  /** So old an answer is given out without another look. */
  freshMs: number;
  /** An older one is given out once more while it is renewed. */
  usableMs: number;
}

const MAX_KNOWN = 1_000;

/** Answers that take longer to find than a reader wants to wait, and may be some time old. */
export class KnownAnswers<Answer> {
  private readonly known = new Map<string, Known<Answer>>();

  constructor(private readonly keeping: Keeping<Answer>) {}

  /** `key`: the organisation and the question. */
  of(key: string, find: () => Promise<Answer>): Promise<Answer> {
    const { now, freshMs, usableMs } = this.keeping;
    const known = this.known.get(key);
    const age = known === undefined ? Infinity : now() - known.at;
    if (known === undefined || age >= usableMs) return this.found(key, find);
    if (age >= freshMs && !known.renewing) {
      known.renewing = true;
      // An answer that cannot be renewed is no longer known: the next reader looks again and gets the error.
      this.found(key, find).catch(() => this.known.delete(key));
    }
    return Promise.resolve(known.answer);
  }

  private async found(key: string, find: () => Promise<Answer>): Promise<Answer> {
    const at = this.keeping.now();
    const answer = await find();
    if (this.known.size >= MAX_KNOWN) this.known.clear();
    if (this.keeping.isLong(answer)) this.known.set(key, { answer, at, renewing: false });
    else this.known.delete(key);
    return answer;
  }
}
