import { Button } from 'react-aria-components';
import { Failure } from '../../ui/states.js';
import type { SettingsForm } from './use-settings.js';

/** Saves the form, and says what became of it. */
export const Save = ({ form: { state, isChanged, error, save } }: { form: SettingsForm }) => (
  <>
    <Button className="primary" isDisabled={!isChanged || state === 'saving'} onPress={() => void save()}>
      {state === 'saving' ? 'Saving…' : 'Save'}
    </Button>
    {state === 'saved' && !isChanged && <p role="status">Saved. New calls use it.</p>}
    {error !== undefined && <Failure error={error} />}
  </>
);
