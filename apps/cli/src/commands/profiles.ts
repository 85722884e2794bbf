import { answered, connectApi } from '../api/api.http.js';
import { CommandFailure } from '../failure.js';
import { table } from '../output/table.js';
import { apiUrl } from '../profile/profile.js';
import { command, required } from './command.js';

const NAME = { name: { type: 'string', default: 'default', describe: 'The name of the profile' } } as const;

/** The key is tried before it is kept, so that a mistyped one is noticed here. */
export const login = command(
  'login [name]',
  'Keep the address and an API key in a profile',
  { ...NAME, address: { type: 'string', describe: 'The address of the API: https://mesh.example.com', ...required } },
  async (context, { name, address }) => {
    const profiles = await context.profiles.read();
    const url = apiUrl(address);
    const key = (await context.secret('API key: ')).trim();
    if (key === '') throw new CommandFailure('no API key was given', 2);
    const { role, organization } = await answered(connectApi({ url, key }).GET('/api/v1/users/me'));
    await context.profiles.write({ ...profiles, [name]: { url, key } });
    const whose = organization === null ? 'every organisation' : organization.name;
    await context.show(() =>
      Promise.resolve({
        json: { profile: name, url, role, organization },
        text: `The profile ${name} is kept: ${role} of ${whose} at ${url}`,
      }),
    );
  },
);

export const logout = command('logout [name]', 'Remove a profile and its key', NAME, async (context, { name }) => {
  const { [name]: removed, ...rest } = await context.profiles.read();
  if (removed === undefined) throw new CommandFailure(`there is no profile ${name}; see: trunkmesh profiles`);
  await context.profiles.write(rest);
  await context.show(() => Promise.resolve({ json: { removed: name }, text: `The profile ${name} is removed.` }));
});

/** Never shows a key. */
export const profiles = command('profiles', 'List profiles', {}, (context) =>
  context.show(async () => {
    const rows = Object.entries(await context.profiles.read()).map(([name, { url, organization }]) => ({
      name,
      url,
      organization: organization ?? null,
    }));
    const columns = {
      profile: (row: (typeof rows)[0]) => row.name,
      url: (row: (typeof rows)[0]) => row.url,
      organisation: (row: (typeof rows)[0]) => row.organization,
    };
    return { json: rows, text: table(rows, columns, 'No profile; make one with: trunkmesh login --address URL') };
  }),
);
