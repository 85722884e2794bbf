import { useState } from 'react';
import { Button } from 'react-aria-components';
import { client, dataOf, refresh, type Schemas } from '../../api/client.http.js';
import { Check } from '../../ui/field.js';
import { Failure } from '../../ui/states.js';
import { TestReport } from '../trunk-detail/test-report.js';
import { trunkOf, type Draft, type Preset, type TrunkInput } from './draft.js';

interface TestProps {
  preset: Preset;
  draft: Draft;
  onBack: () => void;
  onSaved: (trunk: Schemas['Trunk']) => void;
}

/** What the test found, and whether the person saves in spite of it. */
function useTest(trunk: TrunkInput, onSaved: TestProps['onSaved']) {
  const [report, setReport] = useState<Schemas['TrunkTest']>();
  const [isTried, setTried] = useState(false);
  const [anyway, setAnyway] = useState(false);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    await work().catch(setError);
    setBusy(false);
  };
  const probe = async () => {
    setReport(undefined);
    setAnyway(false);
    await run(async () => setReport(await dataOf(client.POST('/api/v1/sip-trunks/probe', { body: trunk }))));
    setTried(true);
  };
  const save = () =>
    run(async () => {
      onSaved(await dataOf(client.POST('/api/v1/sip-trunks', { body: trunk })));
      await refresh('/api/v1/sip-trunks', '/api/v1/trunk-states');
    });
  const passed = report?.result === 'pass';
  return { report, passed, isTried, anyway, setAnyway, error, busy, probe, save };
}

/** Nothing can be saved before the test; what did not pass is saved only where the person says so. */
export function TestAndSave({ preset, draft, onBack, onSaved }: TestProps) {
  const trunk = trunkOf(preset, draft);
  const test = useTest(trunk, onSaved);
  const { report, error, busy } = test;
  return (
    <div className="form">
      <p>
        A bridge tries <code>{trunk.gateway}</code> first. Nothing is saved before that.
      </p>
      <Buttons test={test} onBack={onBack} />
      {busy && <p role="status">Working…</p>}
      {error !== undefined && <Failure error={error} />}
      {report && <TestReport report={report} />}
      {test.isTried && !test.passed && (
        <Check isSelected={test.anyway} onChange={test.setAnyway}>
          Save it although {doubt(report?.result)}
        </Check>
      )}
    </div>
  );
}

function Buttons({ test, onBack }: { test: ReturnType<typeof useTest>; onBack: () => void }) {
  const { isTried, passed, anyway, busy, probe, save } = test;
  const maySave = passed || anyway;
  return (
    <div className="actions">
      <Button onPress={onBack}>Back</Button>
      <Button className={passed ? '' : 'primary'} isDisabled={busy} onPress={() => void probe()}>
        {isTried ? 'Test again' : 'Test the connection'}
      </Button>
      {isTried && (
        <Button className={passed ? 'primary' : ''} isDisabled={busy || !maySave} onPress={() => void save()}>
          Save the trunk
        </Button>
      )}
    </div>
  );
}

const doubt = (result: Schemas['TrunkTest']['result'] | undefined) =>
  result === 'fail' ? 'the test failed; calls will probably fail too' : 'the test could not say whether it works';
