import { useState } from 'react';
import { client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { problemOf } from '../../api/problem.js';
import { changesBetween, draftOf, type Draft } from './setting-changes.js';

type Change = Schemas['OrganizationChange'];

/** Changes an organisation. @throws the problem that the API answered with */
export async function changeOrganization(id: string, body: Change): Promise<Schemas['Organization']> {
  const changed = await dataOf(client.PATCH('/api/v1/organizations/{id}', { params: { path: { id } }, body }));
  await refresh('/api/v1/organizations', '/api/v1/users/me', '/api/v1/usage');
  return changed;
}

/** The form of some of an organisation's settings: what differs is saved. */
export function useSettings(organization: Schemas['Organization']) {
  /** As the form began, not as it is now: what another admin has changed since is not changed back. */
  const [before, setBefore] = useState(() => draftOf(organization));
  const [draft, setDraft] = useState(before);
  const [error, setError] = useState<unknown>();
  const [state, setState] = useState<'' | 'saving' | 'saved'>('');
  const changes = changesBetween(before, draft);
  return {
    draft,
    error,
    state,
    isChanged: Object.keys(changes).length > 0,
    set: (member: keyof Draft) => (value: string | readonly string[]) => {
      setState('');
      setDraft({ ...draft, [member]: value });
    },
    problemOfField: (member: string) =>
      error === undefined ? undefined : problemOf(error).errors.find(({ pointer }) => pointer === `/${member}`)?.detail,
    save: async () => {
      setState('saving');
      setError(undefined);
      try {
        const saved = draftOf(await changeOrganization(organization.id, changes));
        setBefore(saved);
        setDraft(saved);
        setState('saved');
      } catch (problem) {
        setError(problem);
        setState('');
      }
    },
  };
}
export type SettingsForm = ReturnType<typeof useSettings>;
