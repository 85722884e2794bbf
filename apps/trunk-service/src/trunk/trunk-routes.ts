import { z } from 'zod';
import { addressView } from '../address/standing.js';
import type { Description } from '../http/open-api.http.js';
import { NEW_TRUNK_BODY } from './new-trunk.js';
import { TRUNK_BODY, TRUNK_PATCH_BODY } from './trunk-input.js';
import { trunkView } from './trunk-view.js';

/** What the API's description says of the routes that have bodies of their own. */
export const CREATE: Description = {
  id: 'createTrunk',
  summary: 'Add a trunk',
  status: 201,
  answer: trunkView,
  body: NEW_TRUNK_BODY,
};

export const LIST_ADDRESSES: Description = {
  id: 'listTrunkAddresses',
  summary: 'List the addresses that calls of the trunk may come from, and how far each counts',
  answer: z.array(addressView),
};

export const REPLACE: Description = {
  id: 'replaceTrunk',
  summary: 'Replace a trunk; without `password` the present one stays',
  answer: trunkView,
  body: TRUNK_BODY,
};

export const UPDATE: Description = {
  id: 'updateTrunk',
  summary: 'Change some fields of a trunk (RFC 7396: null goes back to the default)',
  answer: trunkView,
  body: TRUNK_PATCH_BODY,
};
