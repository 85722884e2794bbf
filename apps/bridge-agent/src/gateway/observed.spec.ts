import { describe, expect, it } from '@jest/globals';
import type { RegistrationState } from '@trunkmesh/contracts/bridge.js';
import { noteAdded, noteAsked, noteDeleted, noteList, noteState, type ObservedMap } from './observed.js';

const name = '0190a5b2-7c00-7000-8000-000000000001.1';
const next = '0190a5b2-7c00-7000-8000-000000000001.2';

function after(...states: [state: RegistrationState, sipStatus?: number][]) {
  const observed: ObservedMap = new Map();
  noteAdded(observed, { name, state: 'UNREGED', up: false }, 0);
  states.forEach(([state, sipStatus], index) =>
    noteState(
      observed,
      { name, state, up: state === 'REGED', sipStatus: sipStatus ?? null, sipPhrase: null },
      (index + 1) * 1_000,
    ),
  );
  return observed.get(name)!;
}

describe('what is seen of a gateway', () => {
  it("is registered as soon as the registrar said so, not when FreeSWITCH's worker comes by", () => {
    expect(after(['TRYING'], ['REGISTER', 200])).toMatchObject({
      state: 'REGISTER',
      settled: 'REGED',
      settledAt: 2_000,
      registeredAt: 2_000,
      sipStatus: 200,
    });
    expect(after(['TRYING'], ['REGISTER', 200], ['REGED'])).toMatchObject({
      state: 'REGED',
      settled: 'REGED',
      settledAt: 2_000,
      sipStatus: 200,
    });
  });

  it('stays registered while it registers again', () => {
    expect(after(['REGISTER', 200], ['REGED'], ['UNREGED'], ['TRYING'])).toMatchObject({
      state: 'TRYING',
      settled: 'REGED',
      settledAt: 1_000,
    });
  });

  it('keeps the status of a failure through the pause and the next attempt', () => {
    expect(after(['TRYING'], ['FAILED', 904], ['FAIL_WAIT'], ['UNREGED'], ['TRYING'])).toMatchObject({
      settled: 'FAILED',
      settledAt: 2_000,
      sipStatus: 904,
      triedAt: 2_000,
    });
  });

  it('is not failing any more when it registered', () => {
    expect(after(['FAILED', 503], ['FAIL_WAIT'], ['UNREGED'], ['TRYING'], ['REGISTER', 200])).toMatchObject({
      settled: 'REGED',
      triedAt: null,
      sipStatus: 200,
    });
  });

  it('has no status of an earlier attempt when nothing answered the last one', () => {
    expect(after(['FAILED', 904], ['FAIL_WAIT'], ['TRYING'], ['TIMEOUT'])).toMatchObject({
      settled: 'TIMEOUT',
      sipStatus: 908,
      triedAt: 4_000,
    });
  });

  it('has failed when its pause begins without a reported failure', () => {
    expect(after(['TRYING'], ['FAIL_WAIT'])).toMatchObject({
      settled: 'FAILED',
      settledAt: 2_000,
      sipStatus: 401,
      sipPhrase: 'Challenge in an unknown form',
      triedAt: 2_000,
    });
  });

  it('looks as before while it is recreated, until its attempt has an outcome', () => {
    const observed: ObservedMap = new Map();
    const was = after(['TRYING'], ['FAILED', 900]);
    noteAdded(observed, { name, state: 'UNREGED', up: false }, 5_000, was);
    expect(observed.get(name)).toMatchObject({
      state: 'UNREGED',
      settled: 'FAILED',
      settledAt: 2_000,
      sipStatus: 900,
      triedAt: null,
      isNew: true,
    });
    noteState(observed, { name, state: 'REGISTER', up: false, sipStatus: 200, sipPhrase: 'OK' }, 6_000);
    expect(observed.get(name)).toMatchObject({ settled: 'REGED', settledAt: 6_000, sipStatus: 200 });
  });

  it('survives a new list, which knows less', () => {
    const observed: ObservedMap = new Map();
    noteState(observed, { name, state: 'REGISTER', up: false, sipStatus: 200, sipPhrase: 'OK' }, 5);
    noteList(observed, [{ name, state: 'REGED', up: true }], 10);
    expect(observed.get(name)).toMatchObject({
      state: 'REGED',
      up: true,
      sipStatus: 200,
      registeredAt: 5,
      settledAt: 5,
    });
    noteList(observed, [], 20);
    expect(observed.size).toBe(0);
  });

  it('remembers what was asked of it', () => {
    const observed: ObservedMap = new Map();
    noteList(observed, [{ name, state: 'REGED', up: true }], 0);
    noteAsked(observed, [name, 'unknown'], 'refresh', 7);
    expect(observed.get(name)).toMatchObject({ refreshedAt: 7, killed: false });
    noteAsked(observed, [name], 'kill', 8);
    expect(observed.get(name)).toMatchObject({ killed: true });
  });

  it('is worth another try when its predecessor is gone, if it failed', () => {
    const observed: ObservedMap = new Map();
    noteList(
      observed,
      [
        { name, state: 'REGED', up: true },
        { name: next, state: 'FAIL_WAIT', up: false },
      ],
      0,
    );
    noteDeleted(observed, name);
    expect(observed.get(next)).toMatchObject({ predecessorGone: true });
    noteAsked(observed, [next], 'retry', 9);
    expect(observed.get(next)).toMatchObject({ predecessorGone: false, triedAt: 9 });
  });
});
