import { addressReadModel } from './address/address-list.pg.js';
import { bridgeReadModel } from './bridge/bridge-list.pg.js';
import { carrierReadModel } from './carrier/carrier-list.pg.js';
import { numberReadModel } from './number/number-list.pg.js';
import { organizationReadModel } from './organization/organization-list.pg.js';
import type { ReadModel } from './event-store/read-model.js';
import { ratePlanReadModel } from './rate-plan/rate-plan-list.pg.js';
import { trunkReadModel } from './trunk/trunk-list.pg.js';

/** Every read model of the event store, in the order in which a rebuild empties them from last to first. */
export const READ_MODELS: readonly ReadModel[] = [
  organizationReadModel,
  trunkReadModel,
  numberReadModel,
  bridgeReadModel,
  addressReadModel,
  carrierReadModel,
  ratePlanReadModel,
];
