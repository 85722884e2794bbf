/** An event before it has an envelope: what happened, and the entity's whole state after it (`null`: it is gone). */
export interface DecidedEvent {
  type: string;
  change: unknown;
  state: unknown;
}

/** An entity as its last event left it. `version` 0: it has never been. `state` null: it is not there (any more). */
export interface Loaded<State> {
  subject: string;
  version: number;
  state: State | null;
}

/** What a decision may need to know of the event that it makes: the version that the first one gets, and the time. */
export interface NextEvent {
  version: number;
  at: string;
}

/**
 * A projection's table is written in the transaction of the event, so its constraints decide commands. See
 * read-models.pg.ts.
 */
export const stateAfter = <State>(
  before: Loaded<State>,
  events: readonly (DecidedEvent & { state: State | null })[],
): Loaded<State> => ({
  subject: before.subject,
  version: before.version + events.length,
  state: events.length === 0 ? before.state : events[events.length - 1]!.state,
});
