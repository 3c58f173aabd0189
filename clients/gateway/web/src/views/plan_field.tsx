import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Parameter, Plan, Value } from "../api/messages";
import { artifact } from "../conversation/artifacts";
import { turns } from "../conversation/conversation";
import { madeBy } from "../conversation/watching";
import { taskType } from "../conversation/task_types";
import { sentence, t } from "../language/language";

interface Field {
  readonly id: string;
  readonly label: string;
  readonly parameter: Parameter | undefined;
  readonly value: Value;
  readonly plan: Plan;
  /** The task that the field belongs to. */
  readonly task: string;
  readonly onChange: (value: Value) => void;
}

/** One input of a task as a field that suits its kind. */
export function PlanField(field: Field): JSX.Element {
  const { id, label, parameter } = field;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <Editor {...field} />
      {parameter?.description && (
        <p class="hint" id={`${id}-hint`}>
          {parameter.description}
        </p>
      )}
    </div>
  );
}

function Editor(field: Field): JSX.Element {
  const { id, value, parameter, onChange } = field;
  const common = { id, "aria-describedby": `${id}-hint` };
  if (value.output || value.artifact || isFile(parameter)) return <Source {...field} />;
  if (value.boolean !== undefined) {
    return <input {...common} type="checkbox" checked={value.boolean} onChange={(event) => onChange({ boolean: event.currentTarget.checked })} />;
  }
  if (value.number !== undefined) {
    return (
      <input
        {...common}
        type="number"
        step="any"
        min={parameter?.minimum}
        max={parameter?.maximum}
        value={value.number}
        onChange={(event) => onChange({ number: event.currentTarget.valueAsNumber })}
      />
    );
  }
  if (value.text !== undefined && parameter?.choices?.length) {
    return (
      <select {...common} value={value.text} onChange={(event) => onChange({ text: event.currentTarget.value })}>
        {parameter.choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    );
  }
  if (value.text !== undefined) {
    const rows = Math.min(6, value.text.split("\n").length + Math.floor(value.text.length / 80));
    return <textarea {...common} rows={rows} value={value.text} onInput={(event) => onChange({ text: event.currentTarget.value })} />;
  }
  return <JsonField {...field} />;
}

/** Where a value comes from: a file of the conversation, or an output of another task. */
function Source({ id, value, plan, task, parameter, onChange }: Field): JSX.Element {
  const views = turns.value.map((turn) => turn.view.value);
  const files = [...new Set(views.flatMap((view) => [...view.messages.flatMap((message) => message.artifacts ?? []), ...madeBy(view)]))];
  if (value.artifact && !files.includes(value.artifact)) files.push(value.artifact);
  const prefix = mediaPrefix(parameter);
  const suitable = files.filter((name) => name === value.artifact || (artifact(name).value?.mediaType ?? "").startsWith(prefix));
  const outputs = (plan.tasks ?? []).filter((other) => other.id !== task).flatMap((other) =>
    (taskType(other.type)?.outputs ?? [])
      .filter((output) => output.kind === parameter?.kind || (value.output?.taskId === other.id && value.output.output === output.name))
      .map((output) => ({ taskId: other.id, output: output.name })),
  );
  const isOwn = value.output && outputs.some(({ taskId, output }) => taskId === value.output?.taskId && output === value.output.output);
  const all = value.output && !isOwn ? [value.output, ...outputs] : outputs;
  const current = value.output ? `${value.output.taskId} ${value.output.output}` : (value.artifact ?? "");
  return (
    <select
      id={id}
      aria-describedby={`${id}-hint`}
      value={current}
      onChange={(event) => {
        const chosen = event.currentTarget.value;
        const output = all.find((other) => `${other.taskId} ${other.output}` === chosen);
        if (output) onChange({ output });
        else if (chosen === "text") onChange({ text: "" });
        else if (chosen) onChange({ artifact: chosen });
      }}
    >
      {!current && <option value="">{t("notSet")}</option>}
      {all.map(({ taskId, output }) => (
        <option key={`${taskId} ${output}`} value={`${taskId} ${output}`}>
          {t("from", { output: sentence(output), task: taskId })}
        </option>
      ))}
      {(isFile(parameter) || value.artifact) &&
        suitable.map((name) => (
          <option key={name} value={name}>
            {artifact(name).value?.fileName ?? name}
          </option>
        ))}
      {parameter?.kind === "PARAMETER_KIND_TEXT" && <option value="text">{t("ownText")}</option>}
    </select>
  );
}

/** What has no form of its own, as JSON; what is no JSON yet is kept as it was written, and not taken. */
function JsonField({ id, value, onChange }: Field): JSX.Element {
  const written = useSignal(JSON.stringify(value));
  const trouble = useSignal("");
  return (
    <>
      <textarea
        id={id}
        class="json"
        rows={3}
        spellcheck={false}
        value={written.value}
        onInput={(event) => {
          written.value = event.currentTarget.value;
          try {
            onChange(JSON.parse(written.value) as Value);
            trouble.value = "";
          } catch (error) {
            trouble.value = t("badJson", { message: error instanceof Error ? error.message : "" });
          }
        }}
      />
      {trouble.value && <p class="attempt-failed">{trouble.value}</p>}
    </>
  );
}

const MEDIA: Readonly<Record<string, string>> = {
  PARAMETER_KIND_IMAGE: "image/",
  PARAMETER_KIND_AUDIO: "audio/",
  PARAMETER_KIND_VIDEO: "video/",
};

function mediaPrefix(parameter: Parameter | undefined): string {
  return MEDIA[parameter?.kind ?? ""] ?? "";
}

function isFile(parameter: Parameter | undefined): boolean {
  return (parameter?.kind ?? "") in MEDIA || parameter?.kind === "PARAMETER_KIND_DOCUMENT";
}
