import { useState } from 'react';
import { problemOf } from '../api/problem.js';
import {
  changedFields,
  patchOf,
  problemOfField,
  storedSecrets,
  textsOf,
  type FieldSpec,
  type Texts,
  type Values,
} from './fields.js';

/** What is edited, and which version of it. */
export interface Versioned {
  values: Values;
  etag: string;
}
export interface Edited {
  fields: readonly FieldSpec[];
  first: Versioned;
  load: () => Promise<Versioned>;
  /** @throws the problem that the API answered with; status 412 where it has another version */
  save: (patch: Values, etag: string) => Promise<Versioned>;
  onSaved: () => void;
}

/** Somebody else has changed these fields since the form began. */
export interface Conflict {
  now: Versioned;
  fields: readonly FieldSpec[];
}

/** A form that changes what it began with, and says what to do where somebody else was faster. */
export function useEdit({ fields, first, load, save, onSaved }: Edited) {
  const [base, setBase] = useState({ texts: textsOf(fields, first.values), etag: first.etag });
  const [texts, setTexts] = useState(base.texts);
  const [stored, setStored] = useState(storedSecrets(fields, first.values));
  const [conflict, setConflict] = useState<Conflict>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  const begin = ({ values, etag }: Versioned) => {
    const next = textsOf(fields, values);
    setBase({ texts: next, etag });
    setTexts(next);
    setStored(storedSecrets(fields, values));
    setConflict(undefined);
  };
  const send = async (etag: string, from: Texts): Promise<void> => {
    try {
      begin(await save(patchOf(fields, base.texts, texts), etag));
      onSaved();
    } catch (problem) {
      if (problemOf(problem).status !== 412) throw problem;
      const now = await load();
      const others = changedFields(fields, from, textsOf(fields, now.values));
      // The service itself makes versions too, for example when the trunk is placed: nothing that the form shows.
      if (others.length === 0 && now.etag !== etag) return send(now.etag, from);
      setConflict({ now, fields: others });
    }
  };
  const run = async (etag: string, from: Texts) => {
    setBusy(true);
    setError(undefined);
    setConflict(undefined);
    await send(etag, from).catch(setError);
    setBusy(false);
  };
  /**
   * At once and alone: what else the form has changed stays in it. The version that it began with stays too, so that
   * others' changes are still found.
   *
   * @throws the problem that the API answered with
   */
  const removeSecret = async (name: string) => {
    const { etag } = await load();
    const { values } = await save({ [name]: null }, etag);
    setStored(storedSecrets(fields, values));
  };
  const { errors } = problemOf(error);
  return {
    texts,
    conflict,
    error,
    busy,
    isChanged: changedFields(fields, base.texts, texts).length > 0,
    isStored: (name: string) => stored.has(name),
    removeSecret,
    set: (name: string) => (text: string) => setTexts({ ...texts, [name]: text }),
    problem: (name: string) => (error === undefined ? undefined : problemOfField(errors, name)),
    save: () => run(base.etag, base.texts),
    /** What this form changed counts, on top of what is there now. */
    overrule: ({ now }: Conflict) => run(now.etag, textsOf(fields, now.values)),
    startAgain: ({ now }: Conflict) => begin(now),
  };
}
export type Edit = ReturnType<typeof useEdit>;
