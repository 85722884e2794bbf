import { describe, expect, it } from '@jest/globals';
import { callSettings } from '@trunkmesh/contracts/call-settings.js';
import { NUMBER_FIELDS, numberValues } from './number-fields.js';

describe('the form of a number', () => {
  it('has every call setting', () => {
    const names = NUMBER_FIELDS.flatMap(({ fields }) => fields.map(({ name }) => name));
    expect(names).toEqual(expect.arrayContaining(Object.keys(callSettings.shape)));
  });

  it('shows the id of who answers', () => {
    expect(numberValues({ assistant: { id: 17 }, flow: null })).toMatchObject({ assistant_id: 17, flow_id: null });
    expect(numberValues({ assistant: null, flow: { id: 4 } })).toMatchObject({ assistant_id: null, flow_id: 4 });
  });
});
