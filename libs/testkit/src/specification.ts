import { expect } from '@jest/globals';

export interface Decider<State, Event, Command, Decided = Event> {
  initial: State;
  evolve: (state: State, event: Event) => State;
  decide: (state: State, command: Command) => readonly Decided[];
}

export interface Outcome<State, Decided> {
  /** The events decided are exactly these (asymmetric matchers such as `expect.objectContaining` may stand in them). */
  then: (...events: unknown[]) => void;
  thenNothing: () => void;
  /** Refused, with a thrown error that has this `code`. */
  thenRefused: (code: string) => void;
  /** For whatever the two above do not say. */
  decided: () => readonly Decided[];
  state: () => State;
}

/**
 * given/when/then for a pure decider: `given(...events).when(command).then(...events)`.
 * The decider's order of arguments is (state, command) and (state, event).
 */
export function specification<State, Event, Command, Decided = Event>(
  decider: Decider<State, Event, Command, Decided>,
) {
  return {
    given: (...events: readonly Event[]) => ({
      when: (command: Command): Outcome<State, Decided> => {
        const state = events.reduce(decider.evolve, decider.initial);
        const decided = () => decider.decide(state, command);
        return {
          then: (...expected) => {
            expect(decided()).toEqual(expected);
          },
          thenNothing: () => {
            expect(decided()).toEqual([]);
          },
          thenRefused: (code) => {
            expect(decided).toThrow(expect.objectContaining({ code }));
          },
          decided,
          state: () => state,
        };
      },
      /** The state that the events fold to. */
      thenState: (expected: unknown) => {
        expect(events.reduce(decider.evolve, decider.initial)).toEqual(expected);
      },
    }),
  };
}
