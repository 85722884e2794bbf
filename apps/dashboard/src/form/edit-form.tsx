import { useEffect, useRef } from 'react';
import { Button } from 'react-aria-components';
import { TrunkChoice } from '../choices/trunk-choice.js';
import { Confirm } from '../ui/confirm.js';
import { Choice, Field } from '../ui/field.js';
import { Card } from '../ui/page.js';
import { Failure } from '../ui/states.js';
import type { FieldGroup, FieldSpec } from './fields.js';
import type { Conflict, Edit } from './use-edit.js';

const YES_NO = [
  ['true', 'Yes'],
  ['false', 'No'],
] as const;
const ROWS: Readonly<Partial<Record<FieldSpec['kind'], number>>> = { headers: 3, rules: 3 };

interface EditFormProps {
  groups: readonly FieldGroup[];
  edit: Edit;
  /** The field to mend: it is in view, and has the focus. */
  focus: string;
}

/** All fields by group; what the service refuses is said at the field. */
export function EditForm({ groups, edit, focus }: EditFormProps) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const field = form.current?.querySelector<HTMLElement>(`[data-field="${CSS.escape(focus)}"]`);
    field?.scrollIntoView({ block: 'center' });
    field?.querySelector<HTMLElement>('input, select, textarea')?.focus({ preventScroll: true });
  }, [focus]);
  return (
    <form
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        void edit.save();
      }}
    >
      {groups.map(({ title, fields }) => (
        <Card key={title} title={title}>
          <div className="fields">
            {fields.map((field) => (
              <div key={field.name} data-field={field.name}>
                <OneField field={field} edit={edit} />
              </div>
            ))}
          </div>
        </Card>
      ))}
      {edit.conflict && <Changed conflict={edit.conflict} edit={edit} />}
      {edit.error !== undefined && <Failure error={edit.error} />}
      <Button type="submit" className="primary" isDisabled={!edit.isChanged || edit.busy}>
        {edit.busy ? 'Saving…' : 'Save the changes'}
      </Button>
    </form>
  );
}

function OneField({ field, edit }: { field: FieldSpec; edit: Edit }) {
  const { name, label, kind, hint, placeholder } = field;
  const value = edit.texts[name] ?? '';
  const change = edit.set(name);
  if (kind === 'trunk') return <TrunkChoice label={label} value={value} onChange={change} none="None" />;
  if (kind === 'secret') return <Secret field={field} edit={edit} />;
  if (kind === 'choice' || kind === 'yes-no') return <OneChoice field={field} edit={edit} />;
  return (
    <Field
      label={label}
      type="text"
      autoComplete="off"
      value={value}
      onChange={change}
      hint={hint}
      placeholder={placeholder}
      rows={ROWS[kind]}
      inputMode={kind === 'number' ? 'decimal' : undefined}
      problem={edit.problem(name)}
    />
  );
}

/** It is never shown: it can only be replaced, or removed after a question. */
function Secret({ field: { name, label, hint, removal }, edit }: { field: FieldSpec; edit: Edit }) {
  return (
    <>
      <Field
        label={label}
        type="password"
        autoComplete="new-password"
        value={edit.texts[name] ?? ''}
        onChange={edit.set(name)}
        hint={hint}
        problem={edit.problem(name)}
      />
      {edit.isStored(name) && (
        <Confirm action={`Remove the stored ${name.replaceAll('_', ' ')}`} onConfirm={() => edit.removeSecret(name)}>
          <p>{removal}</p>
        </Confirm>
      )}
    </>
  );
}

function OneChoice({ field: { name, label, hint, options = YES_NO }, edit }: { field: FieldSpec; edit: Edit }) {
  const problem = edit.problem(name);
  return (
    <>
      <Choice label={label} value={edit.texts[name] ?? ''} onChange={edit.set(name)} options={options} />
      {hint !== undefined && <p className="muted small">{hint}</p>}
      {problem !== undefined && <p role="alert">{problem}</p>}
    </>
  );
}

const Changed = ({ conflict, edit }: { conflict: Conflict; edit: Edit }) => (
  <div className="notice warn" role="alert">
    <strong>Somebody else changed this meanwhile; your changes are not saved.</strong>
    <p>
      Changed since you opened the form: {conflict.fields.map(({ label }) => label).join(', ') || 'something else'}. You
      can save your changes on top of that: fields that you did not change stay as they are now.
    </p>
    <div className="actions">
      <Button onPress={() => void edit.overrule(conflict)}>Save my changes on top</Button>
      <Button onPress={() => edit.startAgain(conflict)}>Discard mine and show what is there now</Button>
    </div>
  </div>
);
