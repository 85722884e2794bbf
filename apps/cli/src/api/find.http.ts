import { CommandFailure } from '../failure.js';
import { type Api, answered, type Schemas } from './api.http.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A trunk by its name or id. */
export async function findTrunk(api: Api, trunk: string): Promise<Schemas['Trunk']> {
  if (UUID.test(trunk)) return answered(api.GET('/api/v1/sip-trunks/{id}', { params: { path: { id: trunk } } }));
  const [found] = await answered(api.GET('/api/v1/sip-trunks', { params: { query: { name: trunk } } }));
  if (found === undefined) throw new CommandFailure(`there is no trunk "${trunk}"; see: trunkmesh trunks list`);
  return found;
}

/** A number by its digits or id. */
export async function findNumber(api: Api, number: string): Promise<Schemas['PhoneNumber']> {
  if (UUID.test(number)) return answered(api.GET('/api/v1/phone-numbers/{id}', { params: { path: { id: number } } }));
  const query = { phone_number: number };
  const [found] = await answered(api.GET('/api/v1/phone-numbers', { params: { query } }));
  if (found === undefined) throw new CommandFailure(`there is no number ${number}; see: trunkmesh numbers list`);
  return found;
}
