import { client, pageOf } from '../api/client.http.js';
import { FoundChoice, type ChosenField, type Search } from './found-choice.js';

const PATH = '/api/v1/phone-numbers';

/** One of the organisation's numbers, by the number or its name. `value`: in E.164. */
export const NumberChoice = ({
  onlyActive = false,
  none = '+1555',
  ...field
}: ChosenField & { onlyActive?: boolean }) => (
  <FoundChoice
    {...field}
    none={none}
    of={[PATH, onlyActive]}
    what="number"
    find={async (search: Search) => {
      const query = { ...search, ...(onlyActive ? { is_active: 'true' as const } : {}) };
      const { items } = await pageOf(client.GET(PATH, { params: { query } }));
      return items.map(({ phone_number, friendly_name }) => ({
        id: phone_number,
        text: phone_number,
        hint: friendly_name ?? undefined,
      }));
    }}
    useText={(value) => value}
  />
);
